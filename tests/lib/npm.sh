# npm.sh - for the scenarios of tests/, read with ".": packages of npm as a folder's lock names them.

# npm_ready FOLDER: installed, once for each lock; scripts that run side by side wait for each other.
npm_ready() {
    mkdir -p build
    (
        flock 9
        cmp -s "$1/package-lock.json" "$1/node_modules/.as-locked" && exit 0
        if (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund) >build/npm.log 2>&1; then
            cp "$1/package-lock.json" "$1/node_modules/.as-locked"
        else
            cat build/npm.log
            exit 1
        fi
    ) 9>build/npm.lock
}
