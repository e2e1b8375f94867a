// A web app that lives at another origin than the office: it registers itself, signs a member in by
// the code flow with PKCE, and follows the streams. The tests steer it through `window.app`.

import { createOAuthAPIClient, createRestAPIClient, createStreamingAPIClient } from "masto";

const redirectUri = `${location.origin}/`;
const scopes = "read write follow push";

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

async function leave(office) {
  const client = await createRestAPIClient({ url: office }).v1.apps.create({
    clientName: "Masto page",
    redirectUris: redirectUri,
    scopes,
  });
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(48)));
  const challenge = base64url(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)),
  );
  const state = base64url(crypto.getRandomValues(new Uint8Array(16)));
  const { clientId, clientSecret } = client;
  sessionStorage.setItem(
    "left",
    JSON.stringify({ office, clientId, clientSecret, verifier, state }),
  );
  const wish = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes,
    state,
    code_challenge: challenge,
    code_challenge_method: "S256",
  });
  location.assign(`${office}/oauth/authorize?${wish}`);
}

async function comeBack(answer) {
  const left = JSON.parse(sessionStorage.getItem("left"));
  if (answer.get("state") !== left.state) throw new Error("This is the answer to another request.");
  const exchange = (codeVerifier) =>
    createOAuthAPIClient({ url: left.office }).token.create({
      grantType: "authorization_code",
      clientId: left.clientId,
      clientSecret: left.clientSecret,
      redirectUri,
      code: answer.get("code"),
      codeVerifier,
    });
  const token = await exchange(left.verifier);
  history.replaceState(null, "", "/");
  const rest = createRestAPIClient({ url: left.office, accessToken: token.accessToken });
  const me = await rest.v1.accounts.verifyCredentials();
  const instance = await rest.v2.instance.fetch();
  const streaming = createStreamingAPIClient({
    streamingApiUrl: instance.configuration.urls.streaming,
    accessToken: token.accessToken,
    retry: false,
  });
  window.app = { rest, streaming, token, me, instance, exchange, listen };
  document.querySelector("output").textContent = me.acct;
}

// Write what the user stream tells into the list, one line each.
function listen() {
  const subscription = window.app.streaming.user.subscribe();
  const write = async () => {
    for await (const { event, payload } of subscription) {
      const line = document.createElement("li");
      const status = event === "notification" ? payload.status : payload;
      const text = status?.content ?? String(payload);
      line.textContent = `${event} ${payload.type ?? ""} ${payload.account?.acct ?? ""} ${text}`;
      document.querySelector("ul").append(line);
    }
  };
  write();
}

document.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  leave(new FormData(event.target).get("office"));
});

const answer = new URLSearchParams(location.search);
if (answer.has("code")) await comeBack(answer);
else if (answer.has("error")) document.querySelector("output").textContent = answer.get("error");
