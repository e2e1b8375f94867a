"""What opens a stream: parameters of the query."""

from fedimmp.web.forms import Boolean, Schema, Text

_MOST = 500


class SocketForm(Schema):
    """A WebSocket may begin with one stream; others come by frames."""

    stream = Text(100, load_default="")
    tag = Text(_MOST, load_default="")
    list = Text(_MOST, load_default="")


class PublicForm(Schema):
    """Public posts, or only those with media."""

    only_media = Boolean(load_default=False)


class TagForm(Schema):
    """The posts with a hashtag."""

    tag = Text(_MOST, load_default="")


class ListForm(Schema):
    """The posts of the people on a list."""

    list = Text(_MOST, load_default="")


class PlainForm(Schema):
    """A stream that needs no word."""
