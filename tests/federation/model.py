"""What people of three offices do, as a simple model of it, and what each office should then hold.

Everything that somebody does counts at once; what crosses on the way must come to the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

Pair = tuple[str, str]


@dataclass
class Post:
    """A post: its text at each office that has it. A private one is for followers."""

    name: str
    author: str
    parent: "Post | None" = None
    private: bool = False
    texts: dict[int, str] = field(default_factory=dict)
    deleted: bool = False


@dataclass
class Model:
    """Who follows and blocks whom, and which posts there are; homes are numbers of offices."""

    homes: dict[str, int]
    follows: set[Pair] = field(default_factory=set)
    blocks: set[Pair] = field(default_factory=set)
    favourites: set[Pair] = field(default_factory=set)
    boosts: set[Pair] = field(default_factory=set)
    posts: dict[str, Post] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)

    def on_terms(self, one: str, other: str) -> bool:
        return not {(one, other), (other, one)} & self.blocks

    def follow(self, who: str, whom: str) -> None:
        if self.on_terms(who, whom):
            self.follows.add((who, whom))

    def unfollow(self, who: str, whom: str) -> None:
        self.follows.discard((who, whom))

    def block(self, who: str, whom: str) -> None:
        self.blocks.add((who, whom))
        self.follows -= {(who, whom), (whom, who)}

    def unblock(self, who: str, whom: str) -> None:
        self.blocks.discard((who, whom))

    def move(self, who: str, where: str) -> None:
        """Take followers along, and blocks, where an office hears of it: they meant the person.

        Whoever follows the new account already knows it better.
        """
        self.moved[who] = where
        told = self._listening(who)
        for blocker, blocked in sorted(self.blocks):
            knows_better = blocker == where or (blocker, where) in self.follows
            if blocked == who and not knows_better and self.homes[blocker] in told:
                self.block(blocker, where)
        for follower, followed in sorted(self.follows):
            if followed == who:
                self.follows.discard((follower, followed))
                if follower != where:
                    self.follow(follower, where)

    def publish(self, post: Post, text: str) -> None:
        """Let a public post be everywhere, a private one where somebody follows."""
        post.texts = dict.fromkeys(self._reached(post), text)
        self.posts[post.name] = post

    def edit(self, post: Post, text: str) -> None:
        post.texts |= dict.fromkeys(self._reached(post), text)

    def delete(self, post: Post) -> None:
        """Remove it; an office where nobody follows any more is not told of a private one."""
        post.deleted = True
        for office in self._reached(post):
            post.texts.pop(office, None)

    def like(self, who: str, post: Post) -> None:
        self.favourites.add((who, post.name))

    def unlike(self, who: str, post: Post) -> None:
        self.favourites.discard((who, post.name))

    def boost(self, who: str, post: Post) -> None:
        self.boosts.add((who, post.name))

    def unboost(self, who: str, post: Post) -> None:
        self.boosts.discard((who, post.name))

    def held_at(self, office: int) -> set[str]:
        """Return what an office should hold, one line for each thing."""
        lines = {
            f"{who} follows {whom}"
            for who, whom in self.follows
            if office in (self.homes[who], self.homes[whom])
        }
        lines |= {
            f"{who} blocks {whom}"
            for who, whom in self.blocks
            if office in (self.homes[who], self.homes[whom])
        }
        for who, name in self.favourites:
            post = self.posts[name]
            if office in post.texts and office in (self.homes[who], self.homes[post.author]):
                lines.add(f"{who} likes {name}")
        for who, name in self.boosts:
            if office in self.posts[name].texts:
                lines.add(f"{who} boosts {name}")
        return lines | {_line(post, office) for post in self._at(office)}

    def _reached(self, post: Post) -> set[int]:
        return self._listening(post.author) if post.private else set(self.homes.values())

    def _listening(self, author: str) -> set[int]:
        readers = {who for who, whom in self.follows if whom == author}
        return {self.homes[each] for each in (author, *readers)}

    def _at(self, office: int) -> Iterable[Post]:
        return (post for post in self.posts.values() if office in post.texts)


def _line(post: Post, office: int) -> str:
    answered = post.parent is not None and office in post.parent.texts
    about = f", about {post.parent.name}" if post.parent is not None and answered else ""
    return f"{post.author} says {post.name}: {post.texts[office]}{about}"
