"""Pictures and other files as MediaAttachment."""

from typing import Any

from fedimmp.app import App
from storage.media import Media


def media_entity(app: App, media: Media) -> dict[str, Any]:
    """Return the MediaAttachment entity. Files of peers, too, are served by us alone.

    A file that is not ready has no address yet.
    """
    is_ready = media.state == "ready"
    return {
        "id": str(media.id),
        "type": media.kind,
        "url": app.uris.file(media.file_key, media.content_type) if is_ready else None,
        "preview_url": _preview(app, media) if is_ready else None,
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": _meta(media),
        "description": media.description or None,
        "blurhash": media.blurhash,
    }


def _preview(app: App, media: Media) -> str | None:
    content_type = media.preview_content_type
    if content_type is None and media.kind in ("video", "audio"):
        # Nothing shows what is in it.
        return None
    return app.uris.file(media.file_key, content_type or media.content_type, "preview")


def _meta(media: Media) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    if media.width and media.height:
        meta["original"] = _size(media.width, media.height)
    width, height = media.preview_width or media.width, media.preview_height or media.height
    if width and height:
        meta["small"] = _size(width, height)
    if media.duration is not None:
        meta["original"] = meta.get("original", {}) | {"duration": media.duration}
    if media.focus_x is not None and media.focus_y is not None:
        meta["focus"] = {"x": media.focus_x, "y": media.focus_y}
    return meta


def _size(width: int, height: int) -> dict[str, Any]:
    return {
        "width": width,
        "height": height,
        "size": f"{width}x{height}",
        "aspect": width / height,
    }
