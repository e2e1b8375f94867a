"""Documents of peers become typed values, or Malformed with a sentence.

The input has passed documents.parse_document and jsonld.normalise. HTML stays as the peer wrote
it: whoever shows it sanitises it.
"""

from activitypub.reading.activities import read_activity, read_heading
from activitypub.reading.actors import read_actor
from activitypub.reading.consent import read_authorization
from activitypub.reading.notes import read_note
from activitypub.reading.parts import read_hashtag

__all__ = [
    "read_activity",
    "read_actor",
    "read_authorization",
    "read_hashtag",
    "read_heading",
    "read_note",
]
