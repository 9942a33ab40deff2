"""Images from files, without a registry and without a builder: one layer, one platform, as an OCI archive."""

import hashlib
import io
import json
import platform
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
MEDIA = "application/vnd.oci.image"


@dataclass(frozen=True)
class Image:
    """`name` is whole, with registry and tag. `files` are laid at their keys; `root` is a tree to begin with."""

    name: str
    files: dict[str, Path] = field(default_factory=dict)
    root: Path | None = None
    command: Sequence[str] = ()
    user: str = ""


def write(image: Image, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".image-", dir=target.parent) as scratch:
        layer = Path(scratch, "layer.tar")
        _layer(image, layer)
        with layer.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        whole = Path(scratch, "image.tar")
        _archive(image, layer, digest, whole)
        whole.rename(target)


def _layer(image: Image, target: Path) -> None:
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        if image.root is not None:
            tar.add(image.root, arcname=".", recursive=True)
        for place, source in image.files.items():
            entry = tar.gettarinfo(source, place.lstrip("/"))
            entry.uid, entry.gid, entry.uname, entry.gname, entry.mode, entry.mtime = 0, 0, "", "", 0o755, 0
            with source.open("rb") as content:
                tar.addfile(entry, content)


def _archive(image: Image, layer: Path, digest: str, target: Path) -> None:
    settings: dict[str, Any] = {"Env": [SEARCH_PATH], "Cmd": list(image.command), "User": image.user}
    of_platform = {"architecture": ARCHITECTURES[platform.machine()], "os": "linux"}
    config = _json({
        **of_platform,
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created_by": "testcluster"}],
    })
    manifest = _json({
        "schemaVersion": 2,
        "mediaType": f"{MEDIA}.manifest.v1+json",
        "config": _described(config, f"{MEDIA}.config.v1+json"),
        "layers": [_described(digest, f"{MEDIA}.layer.v1.tar", layer.stat().st_size)],
    })
    names = {"io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": image.name}
    described = _described(manifest, f"{MEDIA}.manifest.v1+json")
    index = _json({"schemaVersion": 2, "manifests": [{**described, "platform": of_platform, "annotations": names}]})
    with tarfile.open(target, "w") as tar:
        _add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(tar, "index.json", index)
        for blob in (config, manifest):
            _add(tar, f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}", blob)
        tar.add(layer, arcname=f"blobs/sha256/{digest}")


def _described(blob: bytes | str, media: str, size: int = 0) -> dict[str, Any]:
    """A blob by itself, or by its digest and size."""
    if isinstance(blob, bytes):
        blob, size = hashlib.sha256(blob).hexdigest(), len(blob)
    return {"mediaType": media, "digest": f"sha256:{blob}", "size": size}


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
