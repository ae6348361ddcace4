# SPDX-License-Identifier: Apache-2.0
"""Changes to a CMS object: in its octets, in its tree, in how it is encoded."""
import copy

from forge import *

SWAPPED = [CBC[16], CBC[24], CBC[32], GCM[16], GCM[32], WRAP[16], WRAP[32], RSA_ENCRYPTION, RSA_OAEP, *DIGESTS.values(), *RSA_SIGNATURES.values(),
           ECDSA_SHA256, EC_KEY, P256, DATA, SIGNED, ENVELOPED, AUTH_ENVELOPED, COMPRESSED, CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME,
           STD_DH_SHA256, "1.3.132.1.11.0", "1.3.133.16.840.63.0.2", "1.3.132.1.14.1", "1.2.840.113549.1.1.10", UNKNOWN]


def flip(dice, data):
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1:]


def octet(dice, data):
    at = dice.randrange(len(data))
    return data[:at] + bytes([dice.choice((0, 1, 0x7f, 0x80, 0x81, 0xff, dice.randrange(256)))]) + data[at + 1:]


def cut(dice, data):
    return data[:dice.randrange(1, len(data))]


def grow(dice, data):
    return data + dice.choice((b"\0", b"\0\0", b"\n", b"\x30\0", data))


def lost(dice, data):
    at = dice.randrange(len(data))
    return data[:at] + data[at + dice.randrange(1, 9):]


def length(dice, data):
    """the length octet of some element"""
    places = []

    def walk(nodes, at):
        for node in nodes:
            n = len(node.write())
            head = n - len(node.body if node.children is None else b"".join(c.write() for c in node.children))
            places.append(at + head - 1)
            walk(node.children or [], at + head)
            at += n
    walk(parse(data), 0)
    at = dice.choice(places)
    return data[:at] + bytes([(data[at] + dice.choice((-2, -1, 1, 2, 16))) % 256]) + data[at + 1:]


def in_tree(change):
    def mutated(dice, data):
        root = parse(data)[0]
        nodes = [n for n in root.walk() if n.children]
        change(dice, root, dice.choice(nodes))
        return root.write()
    mutated.__name__ = change.__name__
    return mutated


@in_tree
def delete(dice, _, node):
    del node.children[dice.randrange(len(node.children))]


@in_tree
def double(dice, _, node):
    n = dice.randrange(len(node.children))
    node.children.insert(n, copy.deepcopy(node.children[n]))


@in_tree
def swap(dice, _, node):
    a, b = (dice.randrange(len(node.children)) for _ in "ab")
    node.children[a], node.children[b] = node.children[b], node.children[a]


@in_tree
def graft(dice, root, node):
    node.children[dice.randrange(len(node.children))] = copy.deepcopy(dice.choice(list(root.walk())))


@in_tree
def tag(dice, _, node):
    child = dice.choice(node.children)
    child.tag = dice.choice((2, 3, 4, 5, 6, 0x30, 0x31, 0x80, 0x81, 0xa0, 0xa1, 0xa2, 0xa3, 0x24, child.tag ^ 0x20))


def leaves(root, wanted):
    return [n for n in root.walk() if n.tag == wanted and n.children is None]


@in_tree
def identifier(dice, root, _):
    dice.choice(leaves(root, 6)).body = oid(dice.choice(SWAPPED))[2:]


@in_tree
def integer(dice, root, _):
    dice.choice(leaves(root, 2)).body = dice.choice((b"", b"\0", b"\1", b"\2", b"\3", b"\4", b"\x0c", b"\x0d", b"\x10", b"\xff", b"\0\0\1", b"\0" * 9))


@in_tree
def null(dice, root, _):
    """parameters that are NULL become absent, absent ones NULL"""
    algorithms = [n for n in root.walk() if n.tag == 0x30 and n.children and n.children[0].tag == 6 and len(n.children) <= 2]
    node = dice.choice(algorithms)
    if len(node.children) == 2:
        del node.children[1]
    else:
        node.children.append(Node(5, b""))


@in_tree
def string(dice, root, _):
    child = dice.choice(leaves(root, 4))
    child.body = dice.choice((b"", child.body[:-1], child.body[1:], child.body + b"\0", child.body[::-1], bytes(len(child.body))))


def reencode(dice, data):
    """BER: the same in other octets, signed parts aside"""
    untouched = {0xa0}  # certificates and signed attributes are kept, or half of all would only say that they changed

    def write(node, depth):
        if node.children is not None and not (node.tag in untouched and depth > 2):
            body = b"".join(write(c, depth + 1) for c in node.children)
            if dice.random() < 0.4:
                return bytes([node.tag, 0x80]) + body + b"\0\0"
        else:
            body = node.write()[-len(node.body):] if node.children is None and node.body else b"".join(c.write() for c in node.children or [])
            if node.tag == 4 and depth < 7 and dice.random() < 0.3 and len(body) > 2:
                n = dice.randrange(1, len(body))
                return der(0x24, octets(body[:n]), octets(body[n:]))
        if dice.random() < 0.2:
            n = len(body)
            return bytes([node.tag, 0x84]) + n.to_bytes(4, "big") + body
        return der(node.tag, body)
    return write(parse(data)[0], 0)


ALL = [flip, flip, flip, octet, cut, grow, lost, length, delete, double, swap, graft, tag, identifier, identifier, integer, null, string, reencode, reencode]


def mutate(dice, data):
    """(name, octets) of one mutant; sometimes two changes at once"""
    names = []
    for _ in range(dice.choice((1, 1, 1, 2))):
        change = dice.choice(ALL)
        try:
            data = change(dice, data)
        except (ValueError, IndexError):  # no tree any more, or nothing of that kind in it
            data = flip(dice, data) if data else b"\0"
            change = flip
        names.append(change.__name__)
    return "+".join(names), data
