"""Fails in three ways, at the bottom of a recursion of so many calls; prints each stack as Python prints it."""

import sys
import traceback

OFFERS = {"cup": 3}


class Failed(Exception):
    pass


def price(number):
    raise Failed(f"order {number} has no price")


def stock(number):
    raise Failed(f"order {number} has no price")


def offer(number):
    try:
        return OFFERS[number]
    except KeyError as error:
        raise Failed(f"order {number} has no offer") from error


def walk(depth, leaf):
    if depth > 1:
        return walk(depth - 1, leaf)
    return [leaf(number) for number in (depth,)]


def main(depth):
    for leaf in (price, stock, offer):
        try:
            walk(depth, leaf)
        except Failed:
            traceback.print_exc()
        print("=====", file=sys.stderr)


if __name__ == "__main__":
    main(int(sys.argv[1]))
