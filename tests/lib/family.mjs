// family.mjs - a node as the operating system sees it: a parent, the one that writes, fronts, and the key holders.
import fs from 'node:fs'

const read = (path) => {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch {
    return '' // it has ended
  }
}
// every process of the node whose parent is pid
export function family(pid) {
  const tasks = fs.readdirSync(`/proc/${pid}/task`)
  const children = tasks.flatMap((t) => read(`/proc/${pid}/task/${t}/children`).split(' ').filter(Boolean))
  return [String(pid), ...children.flatMap(family)]
}
export const fronts = (pid) => Math.max(1, family(pid).filter((p) => read(`/proc/${p}/comm`) === 'tongban-front\n').length)
// kB: what each has of its own, and once what they share
export function memory(pid) {
  const kb = (status, name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0)
  const all = family(pid).map((p) => read(`/proc/${p}/status`))
  return all.reduce((n, s) => n + kb(s, 'RssAnon'), 0) + Math.max(...all.map((s) => kb(s, 'RssShmem')))
}
export const files = (pid) =>
  family(pid).reduce((n, p) => {
    try {
      return n + fs.readdirSync(`/proc/${p}/fd`).length
    } catch {
      return n
    }
  }, 0)
