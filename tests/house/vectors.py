"""The attacks that a running office is tested with: number, what is tried, what has to come of it.

Tests carry the numbers by the marker `sec`; the generated page docs/security/vectors.md joins both.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vector:
    """One class of attacks."""

    attack: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Section:
    """Vectors of one layer, by number."""

    title: str
    vectors: dict[str, Vector]


SIGNATURES = Section(
    "Signatures",
    {
        "SEC-001": Vector("a request without any signature", "401, nothing stored"),
        "SEC-002": Vector("an HMAC over the string, with the public key as its secret", "401"),
        "SEC-003": Vector("algorithms named none, rsa-sha1, ecdsa-sha256, or misspelt", "401"),
        "SEC-004": Vector("no algorithm, or hs2019, over an honest RSA signature", "accepted"),
        "SEC-005": Vector("a signature that covers the date only", "401"),
        "SEC-006": Vector("another body with a fitting digest that is not covered", "401"),
        "SEC-008": Vector("two SHA-256 digests, or only MD5 or SHA-512", "401"),
        "SEC-009": Vector("two Digest lines, the first of them right", "401"),
        "SEC-010": Vector("two Signature headers, one valid, in both orders", "401"),
        "SEC-012": Vector("a valid request sent to another of our inboxes", "401"),
        "SEC-013": Vector("a request made for another host, as it was or with our Host", "401"),
        "SEC-014": Vector("the exact repetition of an accepted request", "answered, applied once"),
        "SEC-016": Vector("(created) and (expires) absurd, missing, or with rsa-sha256", "401"),
        "SEC-017": Vector("a keyId that is http, file, data, acct, relative, empty, huge", "401"),
        "SEC-018": Vector("a keyId at a host that is not allowed", "403, that host is not asked"),
        "SEC-020": Vector("an activity of one actor signed by another of the same host", "401"),
        "SEC-021": Vector("an actor given as an array or as an object", "its id counts; one only"),
        "SEC-022": Vector("a key document that claims the id of a victim", "refused"),
        "SEC-024": Vector("an actor that lists a key of another owner", "that key is ignored"),
        "SEC-025": Vector("a keyId of one actor in the document of another", "refused"),
        "SEC-026": Vector(
            "a keyId that redirects to a stranger, or within its host", "refused, allowed"
        ),
        "SEC-028": Vector("a key that changed; then a hundred bad signatures", "one fetch each"),
        "SEC-029": Vector("keys too short, too long, of odd exponents, EC, or garbage", "refused"),
        "SEC-030": Vector("a signature with blanks, of another alphabet, or huge", "400 or 401"),
        "SEC-032": Vector("everything above in the form of RFC 9421", "400 or 401"),
        "SEC-033": Vector("a suspended or deleted signer, or one of a suspended host", "403"),
        "SEC-034": Vector("the farewell of somebody unknown, with a dead key", "202, no fetch"),
        "SEC-036": Vector("an unsigned GET after a signed one, through a cache", "never its body"),
        "SEC-037": Vector("Host with port, dot, capitals, or X-Forwarded-Host", "ours only"),
    },
)

NETWORK = Section(
    "Addresses, names and redirects",
    {
        "SEC-040": Vector("reserved and private IPv4 addresses as hosts", "never connected to"),
        "SEC-041": Vector("reserved IPv6 addresses, mapped and translated ones", "the same"),
        "SEC-042": Vector("addresses in octal, hexadecimal, short, or odd digits", "the same"),
        "SEC-044": Vector("a name that resolves to another address the second time", "the same"),
        "SEC-045": Vector("redirects to loopback, other schemes, ports, users", "not followed"),
        "SEC-046": Vector("a kept connection to a host that has moved", "checked again"),
        "SEC-048": Vector("an allowed host inside a network that is not declared", "refused"),
        "SEC-049": Vector("URLs with line breaks, blanks, backslashes, NUL", "refused unread"),
        "SEC-050": Vector("endless bodies, wrong lengths, compressed bombs", "cut at the limit"),
        "SEC-052": Vector("NodeInfo or WebFinger that lead to another host", "not fetched"),
        "SEC-053": Vector("WebFinger that redirects to http or to a stranger", "refused"),
        "SEC-054": Vector("media on a host that is not allowed, or on our own", "not fetched"),
        "SEC-056": Vector("a push endpoint on loopback or at a stranger", "refused"),
    },
)

OBJECTS = Section(
    "Identity of objects, and who may do what",
    {
        "SEC-060": Vector("a Create of a post that lies on another host", "dropped"),
        "SEC-061": Vector("a Create of a neighbour's post on one's own host", "dropped"),
        "SEC-062": Vector("authors given as array, object, group, or not at all", "first counts"),
        "SEC-064": Vector("a Create under an id of our own", "dropped, ours is untouched"),
        "SEC-065": Vector("an Update by another, or of author, parent, audience", "refused"),
        "SEC-066": Vector("an Update of another actor, name, inbox or key", "refused"),
        "SEC-068": Vector("a Delete before its Create, and a Create after it", "stays deleted"),
        "SEC-069": Vector("an Undo of what somebody else did", "no effect"),
        "SEC-070": Vector("an Accept or Reject by somebody who was not asked", "no effect"),
        "SEC-072": Vector("a follow of a locked account before it is accepted", "shows nothing"),
        "SEC-073": Vector("a followers-only post, for those who do not follow", "not to be seen"),
        "SEC-074": Vector("a boost of a private post, or with a forged copy inside", "refused"),
        "SEC-076": Vector("a reaction or vote on a post that one may not see", "ignored"),
        "SEC-077": Vector("votes for no option, late, double, or ten thousand", "ignored"),
        "SEC-078": Vector("moves without consent, to strangers, in circles, too soon", "ignored"),
        "SEC-080": Vector("a flood of reports, huge ones, or about strangers", "capped"),
        "SEC-081": Vector("blocks of third parties, and blocks in the open", "ignored, private"),
        "SEC-082": Vector("quotes of boosts, of private posts, with foreign consent", "refused"),
        "SEC-084": Vector("a document of another id that leads to a third", "refused"),
        "SEC-085": Vector("documents with the content type of something else", "refused"),
        "SEC-086": Vector("an upload of ours that is asked for as a document", "never one"),
        "SEC-088": Vector("domains with slashes, capitals, look-alikes, dots", "one form or none"),
        "SEC-089": Vector("user names with invisible, huge or path characters", "refused"),
        "SEC-090": Vector("a second actor under a name that is taken", "only by WebFinger"),
        "SEC-092": Vector("inboxes at strangers, at us, on loopback, or broken", "refused"),
        "SEC-093": Vector("collections on other hosts", "ignored"),
        "SEC-094": Vector("the list of followers asked by the wrong office", "refused"),
    },
)

DOCUMENTS = Section(
    "JSON, JSON-LD and exhaustion",
    {
        "SEC-100": Vector("a body one byte too long, with and without its length", "413"),
        "SEC-101": Vector("nesting of a thousand levels", "400"),
        "SEC-102": Vector("a key that comes twice", "400"),
        "SEC-104": Vector("invalid UTF-8, lone surrogates, NUL", "400, or without them"),
        "SEC-105": Vector("a million recipients, a hundred thousand keys or tags", "capped"),
        "SEC-106": Vector("a graph that is made to be canonicalised for hours", "not tried"),
        "SEC-108": Vector("keywords that rearrange a graph", "refused"),
        "SEC-109": Vector("a linked-data signature by somebody else", "does not count"),
        "SEC-110": Vector("an integrity proof of a stranger, or for another purpose", "invalid"),
        "SEC-112": Vector("a chain of replies without an end", "followed so far, no further"),
        "SEC-113": Vector("thousands of mentions of people unknown", "nobody is looked up"),
        "SEC-114": Vector("quotes that quote each other", "shown two deep"),
        "SEC-116": Vector("texts of megabytes, ten thousand languages", "cut"),
        "SEC-117": Vector("dates in the year 0, far ahead, or no dates", "now at the latest"),
        "SEC-118": Vector("emoji named like HTML, ten thousand of them, vector images", "ignored"),
        "SEC-120": Vector("HTML made to crash or to escape a parser", "clean, at once"),
    },
)

PAGES = Section(
    "HTML and pages",
    {
        "SEC-130": Vector("scripts, frames, forms, styles, handlers", "removed"),
        "SEC-132": Vector("classes that dress text as a part of the page", "removed"),
        "SEC-133": Vector("ids and names that shadow those of a page", "removed"),
        "SEC-134": Vector("the same in names, fields, descriptions, options", "shown as text"),
        "SEC-136": Vector("HTML in cards for links", "there is none"),
        "SEC-137": Vector("our pages in frames, or with foreign scripts", "a strict policy"),
        "SEC-138": Vector("HTML, SVG, PDF or a chimera as a picture", "refused or made anew"),
    },
)

REQUIRED = (SIGNATURES, NETWORK, OBJECTS, DOCUMENTS, PAGES)

MEDIA = Section(
    "Media",
    {
        "SEC-150": Vector("pictures of huge size or many frames, odd formats", "refused unread"),
        "SEC-152": Vector("file names that are paths", "never used"),
        "SEC-153": Vector("paths out of the folder of files, and links in it", "404"),
        "SEC-154": Vector("pictures that tell where they were taken", "stripped"),
        "SEC-156": Vector("guessing of file addresses, and files of deleted posts", "404"),
        "SEC-157": Vector("playlists and containers that name other files", "not opened"),
        "SEC-158": Vector("a new avatar with each Update", "fetched when looked at"),
        "SEC-160": Vector("absurd ranges of a file", "416 or one range"),
    },
)

ACCESS = Section(
    "Apps, sessions and what they show",
    {
        "SEC-170": Vector("an address for codes that is nearly the registered one", "a page"),
        "SEC-172": Vector("forms sent by another site, or without their token", "403"),
        "SEC-173": Vector("an application's token where a member is needed", "422"),
        "SEC-174": Vector("each route with all scopes but its own", "403"),
        "SEC-176": Vector("a token in the query, beyond streams", "401"),
        "SEC-177": Vector("a token or session after it was taken back", "401, or signed out"),
        "SEC-178": Vector("a member who is suspended or disabled", "403 or 401 on every route"),
        "SEC-180": Vector("telling private posts from posts that do not exist", "one answer"),
        "SEC-181": Vector("doing something with a post that one may not see", "404"),
        "SEC-182": Vector("searches for others' private posts, or of odd characters", "nothing"),
        "SEC-184": Vector("fields in a form that it does not name", "not changed"),
        "SEC-185": Vector("evading a limit by naming another address", "429"),
        "SEC-186": Vector("a sign-in that leads to another site", "a page of ours"),
        "SEC-188": Vector("a session that was planted, or outlives signing out", "void"),
        "SEC-192": Vector("scripts of other sites, with cookies", "no credentials"),
        "SEC-193": Vector("requests whose length two servers read differently", "400, hung up"),
        "SEC-194": Vector("headers that change the method, odd paths, HEAD, TRACE", "no way round"),
        "SEC-200": Vector("streams of others, without a scope, or thousands", "an error, a bound"),
        "SEC-201": Vector("streams opened by another site, with our cookie", "401"),
        "SEC-202": Vector("streams that tell of posts that one may not read", "silent"),
        "SEC-204": Vector("a push service that reads, or an app that is gone", "nothing to read"),
        "SEC-205": Vector("a notification by a tag without being addressed", "none"),
    },
)

ALLOWLIST = Section(
    "Allowlist and administration",
    {
        "SEC-210": Vector("a stranger in any place of any document", "not even looked up"),
        "SEC-212": Vector("hosts that look like an allowed one", "refused"),
        "SEC-213": Vector("our own host from outside", "refused"),
        "SEC-214": Vector("a host that is both allowed and blocked", "blocked"),
        "SEC-216": Vector("a Delete from a stranger", "refused"),
        "SEC-217": Vector("knocks of a hundred thousand hosts", "a bounded memory"),
        "SEC-218": Vector("a peer that signs from another host", "403, and visible"),
        "SEC-220": Vector("what is private, asked for by other ways", "never leaves"),
        "SEC-221": Vector(
            "staff's collections and numbers, asked for by others or for ages", "403"
        ),
        "SEC-222": Vector("staff that acts on staff, or without a trace", "403, and written down"),
        "SEC-224": Vector("line ends and escapes in what is logged", "one line, without effect"),
        "SEC-225": Vector("private keys, looked for in files and answers", "only sealed ones"),
        "SEC-228": Vector("fifty equal activities at the same moment", "one row each"),
        "SEC-229": Vector("forwarded headers of somebody who is no proxy", "ignored"),
        "SEC-230": Vector("a verifier that can be forged, a loader that fetches", "not in use"),
    },
)

SECTIONS = (*REQUIRED, MEDIA, ACCESS, ALLOWLIST)
