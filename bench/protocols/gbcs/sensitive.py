"""Reads of sensitive attributes: the "data protection" class 30 of COSEM as GBCS uses it.

The command calls ``get_protected_attributes`` with the attributes wanted and how to protect them;
the response gives the protection used and an octet-string that :mod:`.protection` encrypts. Its
plaintext is a structure with one element for each attribute asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.data import Data, Tag, decode, encode
from bench.protocols.gbcs import protection
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message

CLASS_ID = 30  # data protection
BY_DATE = 1  # restriction type: from and to, both included
NO_RESTRICTION = 0

_AUTHENTICATED_AND_ENCRYPTED = 2  # protection type
_AGREED_KEY = 2  # key info type, with one octet of parameters naming the scheme
_STATIC_UNIFIED_MODEL = b"\x02"


class Wanted(NamedTuple):
    """One attribute to read; ``between`` are date-times of 12 octets, or ``None`` for all."""

    class_id: int
    instance: bytes
    index: int  # type: ignore[assignment]  # the standard's word, not tuple.index
    between: tuple[bytes, bytes] | None = None


def _octets(value: bytes) -> Data:
    return Data(Tag.OCTET_STRING, value)


def _structure(*elements: Data) -> Data:
    return Data(Tag.STRUCTURE, elements)


def _enum(value: int) -> Data:
    return Data(Tag.ENUM, value)


def protection_parameters(counter: int, originator: bytes, recipient: bytes) -> Data:
    """Return the array of one protection layer for a message of these parties."""
    transaction = bytes((protection.ENCRYPTION_MODE,)) + counter.to_bytes(8, "big")
    key_info = _structure(_enum(_AGREED_KEY),
                          _structure(_octets(_STATIC_UNIFIED_MODEL), _octets(b"")))
    options = _structure(_octets(transaction), _octets(originator), _octets(recipient),
                         _octets(b""), key_info)
    layer = _structure(_enum(_AUTHENTICATED_AND_ENCRYPTED), options)
    return Data(Tag.ARRAY, (layer,))


def request(wanted: Sequence[Wanted], counter: int, originator: bytes, recipient: bytes) -> Data:
    """Return the parameter of ``get_protected_attributes``.

    ``counter`` is the originator counter of the command, ``originator`` who may read the answer.
    """
    return _structure(Data(Tag.ARRAY, tuple(map(_object, wanted))),
                      protection_parameters(counter, originator, recipient))


def read_request(data: Data) -> tuple[Wanted, ...]:
    """Return what a command asks for; RemoteProtocolError if it is not such a parameter."""
    try:
        objects, _ = data.value
        return tuple(_wanted(entry.value) for entry in objects.value)
    except (TypeError, ValueError, AttributeError):
        raise RemoteProtocolError(0, "the attributes wanted and their protection",
                                  str(data.tag.name)) from None


def seal(values: Sequence[Data], message: Message, keys: KeyStore) -> Data:
    """Return the answer to a read: protection parameters and the encrypted ``values``.

    ``message`` is the response or alert that will carry it; only its ids and counters are used.
    LocalProtocolError where the keys of device and reader are not held.
    """
    key = protection.encryption_key(message, keys)
    if key is None:
        raise LocalProtocolError(f"no keys between {message.originator.hex()} and the reader")
    parameters = protection_parameters(message.originator_counter, message.originator,
                                       message.recipient)
    plaintext = encode(_structure(*values))
    return _structure(parameters,
                      _octets(protection.encrypt(key, message.originator, plaintext)))


def is_sealed(data: Data) -> bool:
    """Return whether ``data`` has the form that :func:`seal` gives."""
    if data.tag != Tag.STRUCTURE or len(data.value) != 2:
        return False
    parameters, protected = data.value
    return (parameters.tag == Tag.ARRAY and protected.tag == Tag.OCTET_STRING
            and bool(protected.value.startswith(protection.ENCRYPTION_HEADER)))


def unseal(data: Data, message: Message, keys: KeyStore) -> tuple[Data, ...] | None:
    """Return the values in the answer ``data`` of ``message``; ``None`` without the keys.

    RemoteProtocolError if the form is not that of :func:`seal`, the tag of the ciphertext is
    wrong, or the plaintext is not one structure.
    """
    if not is_sealed(data):
        raise RemoteProtocolError(0, "protection parameters and protected octets", data.tag.name)
    key = protection.encryption_key(message, keys)
    if key is None:
        return None
    plaintext = protection.decrypt(key, message.originator, data.value[1].value)
    values, end = decode(plaintext)
    if values.tag != Tag.STRUCTURE or end != len(plaintext):
        raise RemoteProtocolError(0, "one structure as plaintext", values.tag.name)
    opened: tuple[Data, ...] = values.value
    return opened


def _object(wanted: Wanted) -> Data:
    null = Data(Tag.NULL_DATA, None)
    if wanted.between is None:
        restriction = _structure(_enum(NO_RESTRICTION), null)
    else:
        restriction = _structure(_enum(BY_DATE), _structure(*map(_octets, wanted.between)))
    return _structure(Data(Tag.LONG_UNSIGNED, wanted.class_id), _octets(wanted.instance),
                      Data(Tag.INTEGER, wanted.index), Data(Tag.LONG_UNSIGNED, 0), restriction)


def _wanted(fields: tuple[Data, ...]) -> Wanted:
    class_id, instance, index, _, restriction = fields
    kind, limits = restriction.value
    between = None
    if kind.value == BY_DATE:
        start, end = limits.value
        between = (start.value, end.value)
    return Wanted(class_id.value, instance.value, index.value, between)
