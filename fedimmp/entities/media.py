"""Pictures and other files as MediaAttachment."""

from fractions import Fraction
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
    if media.recording:
        _tell_recording(meta, media, media.recording)
    if media.focus_x is not None and media.focus_y is not None:
        meta["focus"] = {"x": media.focus_x, "y": media.focus_y}
    return meta


def _tell_recording(meta: dict[str, Any], media: Media, told: dict[str, Any]) -> None:
    """Add what is known of films and sounds, in the newer place and, as apps still read, beside."""
    original = meta.setdefault("original", {})
    if media.duration is not None:
        meta["duration"], meta["length"] = media.duration, _clock(media.duration)
    if "bit_rate" in told:
        original["bitrate"] = told["bit_rate"]
    if "frame_rate" in told:
        original["frame_rate"] = told["frame_rate"]
        meta["fps"] = round(Fraction(told["frame_rate"]))
    for name in ("width", "height", "size", "aspect"):
        if name in original:
            meta[name] = original[name]
    if "audio_codec" in told:
        meta["audio_encode"] = told["audio_codec"]
    if "audio_bit_rate" in told:
        meta["audio_bitrate"] = f"{round(told['audio_bit_rate'] / 1000)} kb/s"
    if "audio_channels" in told:
        meta["audio_channels"] = told["audio_channels"]
    if "colors" in told:
        meta["colors"] = told["colors"]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:05.2f}"


def _size(width: int, height: int) -> dict[str, Any]:
    return {
        "width": width,
        "height": height,
        "size": f"{width}x{height}",
        "aspect": width / height,
    }
