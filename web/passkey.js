// passkey.js - Web Authentication for the sign-in page, the page of one's own ways to sign in, and for a second who signs. Everything else works
// without it: its buttons are hidden until it runs.
(function () {
  'use strict';
  if (!window.PublicKeyCredential || !navigator.credentials || !window.fetch) return;

  function toBytes(text) {
    var s = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    var out = new Uint8Array(s.length);
    for (var i = 0; i < s.length; i++) out[i] = s.charCodeAt(i);
    return out;
  }
  function toText(buffer) {
    var s = '';
    new Uint8Array(buffer).forEach(function (b) { s += String.fromCharCode(b); });
    return btoa(s).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }
  function post(address, body) {
    return fetch(address, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(body),
    }).then(function (answer) {
      return answer.json().then(function (o) {
        if (!answer.ok) throw new Error(o.detail || o.title);
        return o;
      });
    });
  }
  function say(button, text) {
    var out = document.getElementById(button.getAttribute('aria-describedby'));
    if (out) out.textContent = text;
  }
  function guard(button, work) {
    button.hidden = false;
    button.addEventListener('click', function () {
      button.disabled = true;
      say(button, '');
      work().catch(function (e) {
        // Cancelled by the person, or no passkey here: the browser has said so itself.
        say(button, e.name === 'NotAllowedError' ? button.dataset.cancelled : e.message);
      }).then(function () { button.disabled = false; });
    });
  }

  // The browser's answer in the words of the page's address; `more` says for what.
  function answer(button, c, more) {
    more.id = toText(c.rawId);
    more.client_data = toText(c.response.clientDataJSON);
    more.authenticator_data = toText(c.response.authenticatorData);
    more.signature = toText(c.response.signature);
    more.user_handle = c.response.userHandle ? toText(c.response.userHandle) : '';
    more.next = button.dataset.next;
    return post(button.dataset.finish, more).then(function (o) { window.location.assign(o.next || window.location.href); });
  }
  function known(ids) {
    return ids.map(function (id) { return { type: 'public-key', id: toBytes(id) }; });
  }

  var signIn = document.querySelector('[data-passkey="sign-in"]');
  if (signIn) guard(signIn, function () {
    return post(signIn.dataset.options, {}).then(function (o) {
      return navigator.credentials.get({
        publicKey: { challenge: toBytes(o.challenge), rpId: o.rp_id, userVerification: 'required', timeout: 300000 },
      });
    }).then(function (c) { return answer(signIn, c, {}); });
  });

  // After the password: one of the keys registered, which need not know its user.
  var second = document.querySelector('[data-passkey="second"]');
  if (second) guard(second, function () {
    return post(second.dataset.options, { stage: second.dataset.stage }).then(function (o) {
      return navigator.credentials.get({
        publicKey: { challenge: toBytes(o.challenge), rpId: o.rp_id, allowCredentials: known(o.known), userVerification: 'discouraged', timeout: 300000 },
      });
    }).then(function (c) { return answer(second, c, { stage: second.dataset.stage }); });
  });

  // Somebody else than who is signed in says yes to what this page shows, by its digest.
  var yes = document.querySelector('[data-passkey="yes"]');
  if (yes) guard(yes, function () {
    var about = { digest: yes.dataset.digest };
    return post(yes.dataset.options, about).then(function (o) {
      return navigator.credentials.get({
        publicKey: { challenge: toBytes(o.challenge), rpId: o.rp_id, userVerification: 'required', timeout: 300000 },
      });
    }).then(function (c) { return answer(yes, c, about); });
  });

  document.querySelectorAll('[data-passkey="register"]').forEach(function (register) {
    var alone = register.dataset.kind === 'passkey';
    guard(register, function () {
      return post(register.dataset.options, { kind: register.dataset.kind }).then(function (o) {
        return navigator.credentials.create({
          publicKey: {
            challenge: toBytes(o.challenge),
            rp: { id: o.rp_id, name: o.rp_name },
            user: { id: toBytes(o.user_id), name: o.user_name, displayName: o.user_name },
            pubKeyCredParams: [-8, -7, -257].map(function (alg) { return { type: 'public-key', alg: alg }; }),
            excludeCredentials: known(o.known),
            authenticatorSelection: {
              residentKey: alone ? 'required' : 'discouraged', requireResidentKey: alone, userVerification: alone ? 'required' : 'discouraged',
            },
            attestation: 'none',
            timeout: 300000,
          },
        });
      }).then(function (c) {
        var title = document.getElementById('passkey-title');
        return post(register.dataset.finish, {
          kind: register.dataset.kind,
          client_data: toText(c.response.clientDataJSON),
          attestation: toText(c.response.attestationObject),
          'title': title ? title.value : '',
        });
      }).then(function () { window.location.reload(); });
    });
  });
})();
