"""A glb with its meshopt views decoded, for programs that do not read EXT_meshopt_compression."""

import json
import struct

from tests.tiles.reader import Glb

MESHOPT = "EXT_meshopt_compression"


def plain_glb(data: bytes) -> bytes:
    """The same glb in one plain buffer; every value as a client decodes it."""
    glb = Glb(data)
    chunk = bytearray()
    for number, view in enumerate(glb.json["bufferViews"]):
        plain = glb.bytes_of(number)
        chunk.extend(bytes(-len(chunk) % 8))
        view |= {"buffer": 0, "byteOffset": len(chunk), "byteLength": len(plain)}
        chunk.extend(plain)
    for view in glb.json["bufferViews"]:
        view.pop("extensions", None)
    chunk.extend(bytes(-len(chunk) % 4))
    glb.json["buffers"] = [{"byteLength": len(chunk)}]
    for name in ("extensionsUsed", "extensionsRequired"):
        glb.json[name] = [one for one in glb.json[name] if one != MESHOPT]
        if not glb.json[name]:
            del glb.json[name]
    text = json.dumps(glb.json).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sIII4s", b"glTF", 2, 28 + len(text) + len(chunk), len(text), b"JSON")
    return head + text + struct.pack("<I4s", len(chunk), b"BIN\0") + chunk
