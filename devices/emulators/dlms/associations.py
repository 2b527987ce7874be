"""What a meter says of its associations: classes 12, 15 and 17 of IEC 62056-6-2.

The objects that are listed, with their access rights, follow from the association's rights; the
server gives them as :class:`Listed`. Here they are written as data, as the class version wants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Selection
from devices.emulators.dlms.interface import (
    NULL,
    OTHER_REASON,
    READ_WRITE_DENIED,
    SCOPE_VIOLATED,
    TYPE_UNMATCHED,
    Interface,
    Refused,
)

CURRENT = "0-0:40.0.0.255"
OBJECT_IDENTIFIER = bytes.fromhex("6085740508")  # 2.16.756.5.8: the DLMS UA
NON_ASSOCIATED, PENDING, ASSOCIATED = 0, 1, 2


class Listed(NamedTuple):
    """One row of an object list: who may read (1), write (2), invoke; by index."""

    found: Interface
    attributes: Mapping[int, int]  # 0 nothing, 1 read, 2 write, 3 both
    methods: Mapping[int, bool]
    base_name: int = 0


class Facts(NamedTuple):
    """What an association is like, as its object tells it."""

    client: int
    server: int
    context: int  # the last number of the application context name
    mechanism: int
    security_setup: bytes  # a logical name, all zero without one


class State:
    """What changes while an association is open; both its objects show it."""

    def __init__(self) -> None:
        self.status = NON_ASSOCIATED
        self.opened = False  # whether it has ever been open
        self.conformance = "0" * 24
        self.max_receive = 0
        self.max_send = 0
        self.user: tuple[int, str] = (0, "")
        self.secret = b""
        self.challenge = b""  # the last one of high-level security
        self.reply: Callable[[bytes], bytes] = _nobody


def _nobody(_answer: bytes) -> bytes:
    raise Refused(OTHER_REASON)


class AssociationLn(Interface):
    """Class 15. Versions differ in user list (2 on) and in the numbers of access modes (3)."""

    CLASS_ID = 15
    ATTRIBUTES = (
        ("object_list", "any"), ("associated_partners_id", "{i8,u16}"),
        ("application_context_name", "os(0..16)"),
        ("xdlms_context_info", "{bits(24),u16,u16,u8,i8,os(0..32)}"),
        ("authentication_mechanism_name", "os(0..16)"), ("secret", "os(0..64)"),
        ("association_status", "enum 0..2"), ("security_setup_reference", "os(6)"),
        ("user_list", "[0..32]{u8,vs(0..32)}"), ("current_user", "{u8,vs(0..32)}"))
    METHODS = (
        ("reply_to_hls_authentication", "os(0..255)"), ("change_hls_secret", "os(0..64)"),
        ("add_object", "any"), ("remove_object", "any"), ("add_user", "{u8,vs(0..32)}"),
        ("remove_user", "{u8,vs(0..32)}"))
    SELECTORS = MappingProxyType({2: (1, 2, 3)})

    def __init__(self, code: str, version: int, facts: Facts, state: State,
                 listing: Callable[[], Sequence[Listed]], users: Mapping[int, str]) -> None:
        super().__init__(code, security_setup_reference=facts.security_setup,
                         user_list=tuple(users.items()))
        self.VERSION = version
        last = 9 if version else 8
        if version < 2:
            self.attributes = {
                index: field for index, field in self.attributes.items() if index <= last}
            self.methods = {
                index: field for index, field in self.methods.items() if index <= 4}
        self._facts, self._state, self._listing = facts, state, listing

    def share(self, other: AssociationLn) -> None:
        """Show and keep the same values as ``other``."""
        self._values = other._values

    def users(self) -> dict[int, str]:
        """Return the user ids and names that are listed."""
        if 10 not in self.attributes:
            return {}
        return {one.value[0].value: one.value[1].value for one in self.stored("user_list").value}

    def read_object_list(self) -> Data:
        """Return what this association sees."""
        return Data(Tag.ARRAY, tuple(map(self._row, self._listing())))

    def select(self, index: int, selection: Selection) -> Data:
        """Return the list without access rights (1), of some classes (2) or names (3)."""
        if index != 2:
            raise Refused(SCOPE_VIOLATED)
        rows = self._listing()
        if selection.selector == 1:
            return Data(Tag.ARRAY, tuple(Data(Tag.STRUCTURE, self._row(row).value[:3])
                                         for row in rows))
        wanted = selection.parameters
        if wanted.tag != Tag.ARRAY or selection.selector not in (2, 3):
            raise Refused(SCOPE_VIOLATED if selection.selector not in (2, 3) else TYPE_UNMATCHED)
        if selection.selector == 2:
            classes = {one.value for one in wanted.value}
            return Data(Tag.ARRAY, tuple(self._row(row) for row in rows
                                         if row.found.CLASS_ID in classes))
        if any(one.tag != Tag.STRUCTURE or len(one.value) != 2 for one in wanted.value):
            raise Refused(TYPE_UNMATCHED)
        names = {tuple(part.value for part in one.value) for one in wanted.value}
        return Data(Tag.ARRAY, tuple(self._row(row) for row in rows if row.found.key in names))

    def read_associated_partners_id(self) -> Data:
        """Return the SAPs of client and server."""
        return Data(Tag.STRUCTURE, (Data(Tag.INTEGER, self._facts.client),
                                    Data(Tag.LONG_UNSIGNED, self._facts.server)))

    def read_application_context_name(self) -> Data:
        """Return the object identifier, without its tag."""
        return Data(Tag.OCTET_STRING, OBJECT_IDENTIFIER + bytes((1, self._facts.context)))

    def read_authentication_mechanism_name(self) -> Data:
        """Return the object identifier, without its tag."""
        return Data(Tag.OCTET_STRING, OBJECT_IDENTIFIER + bytes((2, self._facts.mechanism)))

    def read_xdlms_context_info(self) -> Data:
        """Return what has been negotiated."""
        state = self._state
        return Data(Tag.STRUCTURE, (
            Data(Tag.BIT_STRING, state.conformance), Data(Tag.LONG_UNSIGNED, state.max_receive),
            Data(Tag.LONG_UNSIGNED, state.max_send), Data(Tag.UNSIGNED, 6), Data(Tag.INTEGER, 0),
            Data(Tag.OCTET_STRING, b"")))

    def read_association_status(self) -> Data:
        """Return whether it is open."""
        return Data(Tag.ENUM, self._state.status)

    def read_current_user(self) -> Data:
        """Return who has opened it."""
        number, name = self._state.user
        return Data(Tag.STRUCTURE, (Data(Tag.UNSIGNED, number), Data(Tag.VISIBLE_STRING, name)))

    def write_secret(self, value: Data) -> None:
        """Change the secret of LLS; the next association needs it."""
        self._state.secret = value.value

    def do_reply_to_hls_authentication(self, parameter: Data) -> Data:
        """Take the client's answer to the challenge and return the server's."""
        return Data(Tag.OCTET_STRING, self._state.reply(parameter.value))

    def do_add_user(self, parameter: Data) -> None:
        """Add a user, in place of one of that id."""
        users = [one for one in self.stored("user_list").value
                 if one.value[0].value != parameter.value[0].value]
        self.store("user_list", Data(Tag.ARRAY, (*users, parameter)))

    def do_remove_user(self, parameter: Data) -> None:
        """Remove a user."""
        users = self.stored("user_list").value
        if parameter not in users:
            raise Refused(OTHER_REASON)
        self.store("user_list", Data(Tag.ARRAY, tuple(one for one in users if one != parameter)))

    def do_change_hls_secret(self, _parameter: Data) -> None:
        """Refuse: keys are changed by the security setup."""
        raise Refused(READ_WRITE_DENIED)

    do_add_object = do_remove_object = do_change_hls_secret

    def _row(self, row: Listed) -> Data:
        attributes = tuple(
            Data(Tag.STRUCTURE, (
                Data(Tag.INTEGER, index), Data(Tag.ENUM, mode),
                _selectors(row.found, index) if mode & 1 else NULL))
            for index, mode in row.attributes.items())
        methods = tuple(
            Data(Tag.STRUCTURE, (
                Data(Tag.INTEGER, index),
                Data(Tag.ENUM, int(may)) if self.VERSION else Data(Tag.BOOLEAN, may)))
            for index, may in row.methods.items())
        return Data(Tag.STRUCTURE, (
            Data(Tag.LONG_UNSIGNED, row.found.CLASS_ID), Data(Tag.UNSIGNED, row.found.VERSION),
            Data(Tag.OCTET_STRING, row.found.instance),
            Data(Tag.STRUCTURE, (Data(Tag.ARRAY, attributes), Data(Tag.ARRAY, methods)))))


def _selectors(found: Interface, index: int) -> Data:
    selectors = found.SELECTORS.get(index)
    if selectors is None:
        return NULL
    return Data(Tag.ARRAY, tuple(Data(Tag.INTEGER, one) for one in selectors))


class AssociationSn(Interface):
    """Class 12: the objects with their short names, and access rights by short name, which version
    0 does not have; the reference to a security setup comes with version 2."""

    CLASS_ID = 12
    ATTRIBUTES = (("object_list", "any"), ("access_rights_list", "any"),
                       ("security_setup_reference", "os(6)"))
    METHODS = (
        ("getlist_by_classid", "[0..64]u16"), ("getobj_by_logicalname", "any"),
        ("read_by_logicalname", "any"), ("get_attributes_and_methods", "any"),
        ("change_lls_secret", "os(0..64)"), ("change_hls_secret", "os(0..64)"),
        ("reserved", "any"), ("reply_to_hls_authentication", "os(0..255)"))

    def __init__(self, code: str, version: int, facts: Facts, state: State,
                 listing: Callable[[], Sequence[Listed]]) -> None:
        super().__init__(code, security_setup_reference=facts.security_setup)
        self.VERSION = min(version, 2)
        self.attributes = {index: field for index, field in self.attributes.items()
                           if index <= 2 + self.VERSION}
        self._state, self._listing = state, listing

    def read_object_list(self) -> Data:
        """Return short name, class, version and logical name of each object."""
        return Data(Tag.ARRAY, tuple(map(_short_row, self._listing())))

    def read_access_rights_list(self) -> Data:
        """Return the access rights of each object by short name."""
        return Data(Tag.ARRAY, tuple(Data(Tag.STRUCTURE, (
            _short(row.base_name),
            Data(Tag.ARRAY, tuple(
                Data(Tag.STRUCTURE, (Data(Tag.INTEGER, index), Data(Tag.ENUM, mode),
                                     _selectors(row.found, index)))
                for index, mode in row.attributes.items())),
            Data(Tag.ARRAY, tuple(
                Data(Tag.STRUCTURE, (Data(Tag.INTEGER, index), Data(Tag.ENUM, int(may))))
                for index, may in row.methods.items())))) for row in self._listing()))

    def do_getlist_by_classid(self, parameter: Data) -> Data:
        """Return the rows of some classes."""
        classes = {one.value for one in parameter.value}
        return Data(Tag.ARRAY, tuple(_short_row(row) for row in self._listing()
                                     if row.found.CLASS_ID in classes))

    def do_reply_to_hls_authentication(self, parameter: Data) -> Data:
        """Take the client's answer to the challenge and return the server's."""
        return Data(Tag.OCTET_STRING, self._state.reply(parameter.value))

    def do_change_lls_secret(self, parameter: Data) -> None:
        """Change the secret; the next association needs it."""
        self._state.secret = parameter.value

    def do_getobj_by_logicalname(self, _parameter: Data) -> None:
        """Refuse: none of the other methods is offered."""
        raise Refused(READ_WRITE_DENIED)

    do_read_by_logicalname = do_get_attributes_and_methods = do_getobj_by_logicalname
    do_change_hls_secret = do_reserved = do_getobj_by_logicalname


def _short(base_name: int) -> Data:
    """Return a short name as the signed number that it is in the list."""
    return Data(Tag.LONG, base_name - 0x10000 if base_name >= 0x8000 else base_name)


def _short_row(row: Listed) -> Data:
    return Data(Tag.STRUCTURE, (
        _short(row.base_name), Data(Tag.LONG_UNSIGNED, row.found.CLASS_ID),
        Data(Tag.UNSIGNED, row.found.VERSION), Data(Tag.OCTET_STRING, row.found.instance)))


class SapAssignment(Interface):
    """Class 17: the logical devices and their server SAPs."""

    CLASS_ID = 17
    ATTRIBUTES = (("sap_assignment_list", "[0..8]{u16,os(0..16)}"),)
    METHODS = (("connect_logical_device", "{u16,os(0..16)}"),)

    def do_connect_logical_device(self, _parameter: Data) -> None:
        """Refuse: the devices stay where they are."""
        raise Refused(READ_WRITE_DENIED)


CURRENT_INSTANCE = obis.parse(CURRENT)
