// A small OpenID provider for tests, on npm's oidc-provider. It is told what to be on its standard input:
// {"clients": [{client_id, client_secret?}], "users": {name: password}, "disabled": [name], "admins": [name],
// "control": a word}. It prints its issuer when it listens. POST /_control/<action> with that word as bearer token
// does what an operator of a provider would do; see `actions` below.
import { generateKeyPairSync, randomUUID, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider, { interactionPolicy } from 'oidc-provider';

const HOUR = 3600;
const given = JSON.parse(readFileSync(0, 'utf8'));
const users = new Map(
  Object.entries(given.users).map(([name, password]) => [
    `sub-${name}`,
    {
      name,
      password,
      enabled: !given.disabled.includes(name),
      claims: {
        name: name[0].toUpperCase() + name.slice(1),
        preferred_username: name,
        email: `${name}@example.org`,
        email_verified: name !== 'bob',
        groups: given.admins.includes(name) ? ['opm-admins'] : [],
      },
    },
  ]),
);
const byName = (name) => [...users].find(([, user]) => user.name === name) ?? [];

// What the provider remembers. It outlives the provider object, which is made anew when keys change.
const memory = new Map();
const REVOCABLE = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken']);

class Adapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    memory.set(this.key(id), { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
  }

  async find(id) {
    const found = memory.get(this.key(id));
    return found && found.until > Date.now() ? found.payload : undefined;
  }

  async findByUid(uid) {
    return this.first((payload) => payload.uid === uid);
  }

  async findByUserCode(userCode) {
    return this.first((payload) => payload.userCode === userCode);
  }

  async consume(id) {
    const found = await this.find(id);
    if (found) found.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    memory.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    const granted = (key, payload) => payload.grantId === grantId && REVOCABLE.has(key.split(':')[0]);
    for (const [key, { payload }] of memory) if (granted(key, payload)) memory.delete(key);
  }

  all() {
    const now = Date.now();
    const own = [...memory].filter(([key, { until }]) => key.startsWith(this.key('')) && until > now);
    return own.map(([, { payload }]) => payload);
  }

  first(matches) {
    return this.all().find(matches);
  }
}

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function registration({ client_id, client_secret }) {
  return {
    client_id,
    client_secret,
    token_endpoint_auth_method: client_secret ? 'client_secret_basic' : 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1:8400/auth/callback'],
    post_logout_redirect_uris: ['http://127.0.0.1:8400/'],
    backchannel_logout_uri: 'http://127.0.0.1:8400/api/auth/oidc/backchannel-logout',
    backchannel_logout_session_required: true,
  };
}

async function findAccount(_ctx, id) {
  const user = users.get(id);
  return user?.enabled ? { accountId: id, claims: async () => ({ sub: id, ...user.claims }) } : undefined;
}

// Everybody who is signed in has agreed to everything.
async function agreedGrant(ctx) {
  const { client, session, provider } = ctx.oidc;
  const known = ctx.oidc.result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const grant =
    (known && (await provider.Grant.find(known))) ||
    new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid profile email offline_access');
  await grant.save();
  return grant;
}

// A session of somebody who has been disabled since is worth nothing.
function policy() {
  const prompts = interactionPolicy.base();
  const gone = (ctx) => Boolean(ctx.oidc.session.accountId) && !users.get(ctx.oidc.session.accountId)?.enabled;
  const { Check } = interactionPolicy;
  prompts.get('login').checks.add(new Check('account_disabled', 'the account is disabled', gone));
  return prompts;
}

const cookieKeys = [randomUUID()];

function configuration(keys) {
  return {
    adapter: Adapter,
    jwks: { keys },
    // Logout may be asked for by a form of another site: that takes cookies that come with it.
    enableHttpPostMethods: true,
    cookies: { keys: cookieKeys, long: { signed: true, httpOnly: true, sameSite: 'none' } },
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username', 'groups'],
      email: ['email', 'email_verified'],
    },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    findAccount,
    renderError,
    loadExistingGrant: agreedGrant,
    interactions: { policy: policy(), url: (_ctx, interaction) => `/login/${interaction.uid}` },
    ttl: {
      AccessToken: HOUR / 12,
      AuthorizationCode: 60,
      Grant: 24 * HOUR,
      IdToken: HOUR,
      Interaction: HOUR / 6,
      RefreshToken: 24 * HOUR,
      Session: 24 * HOUR,
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
    },
    // The products that are told of a logout listen on loopback, which the provider's own guard refuses.
    fetch: (url, { dispatcher: _guard, ...options }) => fetch(url, options),
  };
}

let keys = [newKey()];
let provider;
let issuer;

function build() {
  provider = new Provider(issuer, configuration(keys));
  provider.on('server_error', (_ctx, error) => console.error(error));
  provider.on('backchannel.error', (_ctx, error) => console.error(error));
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

const escaped = (text) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

// The library's own pages load fonts from elsewhere.
function page(title, content) {
  return `<!doctype html><html lang="en"><title>${title}</title><main><h1>${title}</h1>${content}</main></html>`;
}

function loginPage(uid, complaint) {
  const alert = complaint ? `<p role="alert">${escaped(complaint)}</p>` : '';
  return page(
    'Sign in',
    `${alert}<form method="post" action="/login/${escaped(uid)}">
<p><label>User <input name="login" required></label></p>
<p><label>Password <input type="password" name="password" required></label></p>
<button type="submit">Sign in</button></form>`,
  );
}

async function logoutSource(ctx, form) {
  ctx.body = page(
    'Sign out?',
    `${form}<button type="submit" form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>
<button type="submit" form="op.logoutForm">No, stay signed in</button>`,
  );
}

async function postLogoutSuccessSource(ctx) {
  ctx.body = page('Signed out', '<p>You are signed out.</p>');
}

async function renderError(ctx, out) {
  ctx.type = 'html';
  ctx.body = page('Something went wrong', `<p role="alert">${escaped(Object.values(out).join(': '))}</p>`);
}

async function login(request, response) {
  const { uid } = await provider.interactionDetails(request, response);
  let complaint = '';
  if (request.method === 'POST') {
    const form = new URLSearchParams(await body(request));
    const [accountId, user] = byName(form.get('login') ?? '');
    if (user && user.password === form.get('password')) {
      if (user.enabled) return provider.interactionFinished(request, response, { login: { accountId } });
      complaint = 'This account is disabled.';
    } else {
      complaint = 'Wrong name or password.';
    }
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  return response.end(loginPage(uid, complaint));
}

async function signOut(accountId) {
  const sessions = new Adapter('Session').all().filter((session) => session.accountId === accountId);
  for (const { uid } of sessions) {
    const session = await provider.Session.findByUid(uid);
    for (const [clientId, { sid, grantId }] of Object.entries(session.authorizations ?? {})) {
      const client = await provider.Client.find(clientId);
      await client.backchannelLogout(accountId, sid).catch((error) => console.error(error));
      await new Adapter('Grant').revokeByGrantId(grantId);
    }
    await session.destroy();
  }
}

const actions = {
  async allow({ redirect, after_logout, backchannel_logout }) {
    const clients = new Adapter('Client');
    for (const client of clients.all()) {
      await clients.upsert(client.client_id, {
        ...client,
        redirect_uris: [...new Set([...client.redirect_uris, redirect])],
        post_logout_redirect_uris: [...new Set([...client.post_logout_redirect_uris, after_logout])],
        backchannel_logout_uri: backchannel_logout,
      });
    }
  },
  async rotate({ keep_old }) {
    keys = [newKey(), ...(keep_old ? keys : [])];
    build();
  },
  async enable({ user, enabled }) {
    byName(user)[1].enabled = enabled;
  },
  async sign_out({ user }) {
    await signOut(byName(user)[0]);
  },
};

async function control(request, response) {
  const shown = Buffer.from(request.headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${given.control}`);
  const action = actions[request.url.split('/')[2]];
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected) || !action) {
    response.writeHead(403).end();
    return;
  }
  await action(JSON.parse(await body(request)));
  response.writeHead(204).end();
}

// Browsers take cookies for other sites only if they are marked as secure, and take those over http from loopback;
// the provider's library would mark them on https only.
function markCookiesSecure(response) {
  const setHeader = response.setHeader.bind(response);
  const mark = (cookie) => (/samesite=none/i.test(cookie) && !/; secure/i.test(cookie) ? `${cookie}; secure` : cookie);
  response.setHeader = (name, value) =>
    setHeader(name, name.toLowerCase() === 'set-cookie' ? [value].flat().map(mark) : value);
}

async function answer(request, response) {
  markCookiesSecure(response);
  try {
    if (request.url.startsWith('/_control/')) await control(request, response);
    else if (request.url.startsWith('/login/')) await login(request, response);
    else await provider.callback()(request, response);
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.writeHead(error.statusCode ?? 500);
    response.end(String(error.message));
  }
}

for (const client of given.clients) await new Adapter('Client').upsert(client.client_id, registration(client));
const server = createServer(answer).listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  build();
  console.log(`issuer ${issuer}`);
});
