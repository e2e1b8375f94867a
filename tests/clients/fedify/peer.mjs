// An office that runs Fedify: an independent second implementation for the tests.
//
// node peer.mjs PORT FIRST_KNOCK      FIRST_KNOCK: rfc9421 or draft-cavage-http-signatures-12
//
// It prints one line when it listens. The tests steer it by POST /control/{verb} with JSON, from
// loopback only; everything else is what Fedify makes of ActivityPub.
import { createServer } from "node:http";
import { once } from "node:events";
import { Temporal } from "@js-temporal/polyfill";
import {
  createFederation,
  exportJwk,
  generateCryptoKeyPair,
  InProcessMessageQueue,
  MemoryKvStore,
  verifyObject,
} from "@fedify/fedify";
import {
  Accept,
  Activity,
  Announce,
  Create,
  Delete,
  Endpoints,
  Follow,
  Like,
  Note,
  Person,
  PUBLIC_COLLECTION,
  Tombstone,
  Undo,
  Update,
} from "@fedify/vocab";

// Fedify asks where it runs by a name that Node knows from version 21 on.
globalThis.navigator ??= { userAgent: `Node.js/${process.versions.node}` };

const [port, firstKnock] = [Number(process.argv[2]), process.argv[3]];
const origin = `http://localhost:${port}`;
const people = new Map(); // name -> {pairs, received: [], refused: []}
const notes = new Map(); // path of a note -> Note
let serial = 0;

const federation = createFederation({
  kv: new MemoryKvStore(),
  queue: new InProcessMessageQueue({ pollInterval: { milliseconds: 50 } }),
  origin,
  allowPrivateAddress: true,
  firstKnock,
  circuitBreaker: false,
  outboxRetryPolicy: () => null,
  inboxRetryPolicy: () => null,
  onOutboxError: (error) => failures.push(String(error)),
});
const failures = [];

federation
  .setActorDispatcher("/people/{identifier}", async (ctx, name) => {
    if (!people.has(name)) return null;
    const keys = await ctx.getActorKeyPairs(name);
    return new Person({
      id: ctx.getActorUri(name),
      preferredUsername: name,
      name: `${name} of the other implementation`,
      inbox: ctx.getInboxUri(name),
      outbox: ctx.getOutboxUri(name),
      followers: ctx.getFollowersUri(name),
      endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
      publicKey: keys[0].cryptographicKey,
      assertionMethods: keys.map((each) => each.multikey),
    });
  })
  .setKeyPairsDispatcher((_ctx, name) => people.get(name)?.pairs ?? []);

federation.setOutboxDispatcher("/people/{identifier}/outbox", () => ({ items: [] }));
federation.setFollowersDispatcher("/people/{identifier}/followers", (_ctx, name) => ({
  items: people.get(name)?.followers ?? [],
}));
federation.setObjectDispatcher(Note, "/notes/{id}", (_ctx, { id }) => notes.get(id) ?? null);

federation
  .setInboxListeners("/people/{identifier}/inbox", "/inbox")
  .on(Activity, async (ctx, activity) => {
    const document = await activity.toJsonLd({ format: "compact", contextLoader: ctx.contextLoader });
    received.push({ type: activity.constructor.name, id: activity.id?.href, document });
    if (activity instanceof Follow) await accept(ctx, activity);
  })
  // A shared inbox has no reader of its own: its fetches are signed by one of the people.
  .setSharedKeyDispatcher(() => ({ identifier: people.keys().next().value }));
const received = [];

async function accept(ctx, follow) {
  const parsed = ctx.parseUri(follow.objectId);
  const follower = await follow.getActor(ctx);
  if (parsed?.type !== "actor" || follower?.inboxId == null) return;
  people.get(parsed.identifier).followers.push(recipient(follower));
  await ctx.sendActivity(
    { identifier: parsed.identifier },
    follower,
    new Accept({ id: fresh(), actor: follow.objectId, object: follow }),
  );
}

const fresh = () => new URL(`/things/${++serial}`, origin);
const recipient = (actor) => ({
  id: actor.id,
  inboxId: actor.inboxId,
  endpoints: actor.endpoints,
});

async function actorAt(ctx, name, uri) {
  const documentLoader = await ctx.getDocumentLoader({ identifier: name });
  const actor = await ctx.lookupObject(uri, { documentLoader });
  if (actor == null) throw new Error(`nobody at ${uri}`);
  return actor;
}

// What the tests may ask for. Each answers with JSON.
const verbs = {
  async person({ name }) {
    const pairs = [
      await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"),
      await generateCryptoKeyPair("Ed25519"),
    ];
    people.set(name, { pairs, followers: [] });
    return { uri: `${origin}/people/${name}` };
  },
  async follow({ name, target }, ctx) {
    const id = fresh();
    await send(ctx, name, target, new Follow({ id, actor: ctx.getActorUri(name), object: new URL(target) }));
    return { id: id.href };
  },
  async post({ name, text, to }, ctx) {
    const note = new Note({
      id: new URL(`/notes/${++serial}`, origin),
      attribution: ctx.getActorUri(name),
      content: `<p>${text}</p>`,
      published: Temporal.Now.instant(),
      to: PUBLIC_COLLECTION,
      cc: ctx.getFollowersUri(name),
    });
    notes.set(String(serial), note);
    await send(ctx, name, to, new Create({ id: fresh(), actor: ctx.getActorUri(name), object: note, to: PUBLIC_COLLECTION, cc: ctx.getFollowersUri(name) }));
    return { uri: note.id.href };
  },
  async edit({ name, uri, text, to }, ctx) {
    const key = uri.split("/").pop();
    const note = notes.get(key).clone({ content: `<p>${text}</p>`, updated: Temporal.Now.instant() });
    notes.set(key, note);
    await send(ctx, name, to, new Update({ id: fresh(), actor: ctx.getActorUri(name), object: note, to: PUBLIC_COLLECTION }));
    return { uri };
  },
  async remove({ name, uri, to }, ctx) {
    notes.delete(uri.split("/").pop());
    await send(ctx, name, to, new Delete({ id: fresh(), actor: ctx.getActorUri(name), object: new Tombstone({ id: new URL(uri) }), to: PUBLIC_COLLECTION }));
    return { uri };
  },
  async like({ name, uri, to }, ctx) {
    const id = fresh();
    await send(ctx, name, to, new Like({ id, actor: ctx.getActorUri(name), object: new URL(uri) }));
    return { id: id.href };
  },
  async unlike({ name, id, uri, to }, ctx) {
    const actor = ctx.getActorUri(name);
    await send(ctx, name, to, new Undo({ id: fresh(), actor, object: new Like({ id: new URL(id), actor, object: new URL(uri) }) }));
    return { id };
  },
  async boost({ name, uri, to }, ctx) {
    const id = fresh();
    await send(ctx, name, to, new Announce({ id, actor: ctx.getActorUri(name), object: new URL(uri), to: PUBLIC_COLLECTION }));
    return { id: id.href };
  },
  // Fetches with a signature, as this implementation would, and tells what it understood.
  async look({ name, uri }, ctx) {
    const object = await actorAt(ctx, name, uri);
    return { type: object.constructor.name, id: object.id?.href, name: String(object.name ?? ""), content: String(object.content ?? "") };
  },
  // Verifies the integrity proof of a document as it came over the wire.
  async prove({ name, document }, ctx) {
    const documentLoader = await ctx.getDocumentLoader({ identifier: name });
    const object = await verifyObject(Activity, document, { documentLoader, contextLoader: ctx.contextLoader });
    return { valid: object != null };
  },
  async received() {
    return { received, failures };
  },
};

async function send(ctx, name, target, activity) {
  const actor = await actorAt(ctx, name, target);
  await ctx.sendActivity({ identifier: name }, actor, activity, { preferSharedInbox: true });
}

async function control(path, request) {
  const verb = verbs[path.slice("/control/".length)];
  if (verb == null) return new Response("no such verb", { status: 404 });
  const words = await request.json();
  try {
    return Response.json(await verb(words, federation.createContext(new URL(origin))));
  } catch (error) {
    return new Response(String(error.stack ?? error), { status: 500 });
  }
}

const server = createServer(async (incoming, outgoing) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const request = new Request(new URL(incoming.url, origin), {
    method: incoming.method,
    headers: Object.entries(incoming.headers).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((each) => [name, each])),
    body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
  });
  const path = new URL(request.url).pathname;
  const answer = path.startsWith("/control/")
    ? await control(path, request)
    : await federation.fetch(request, { contextData: undefined });
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  outgoing.end(Buffer.from(await answer.arrayBuffer()));
});
server.listen(port, "127.0.0.1");
await once(server, "listening");
federation.startQueue(undefined);
console.log("listening");
