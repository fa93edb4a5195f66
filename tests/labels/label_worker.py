"""A server of labellers for tests: ``label_worker.py URL NAME,NAME,... MARKS``, one thread a name.

Each labels until the queue is empty. A line is printed for each change that was answered, so that
a test can kill the process at any time and know what must be on the disk.
"""

from __future__ import annotations

import sys
import threading

from xray.labels import annotation, database
from xray.labels.store import Store

COLLECTION = "stress"


def label(store: Store, name: str, marks: int) -> None:
    """Label whatever the queue gives; keys are such that doing it again does nothing more."""
    who = store.labeller(name)
    while (look := store.next_film(COLLECTION, who)) is not None:
        for place in range(marks):
            key = f"mark-{place}"
            shape = [[place % 10, 0], [place % 10, 9.5]]
            store.change(look, annotation.draw(key, "tube", shape), key)
            sys.stdout.write(f"{look} {key}\n")
            sys.stdout.flush()
        store.change(look, annotation.finish(), "finish")
        sys.stdout.write(f"{look} finish\n")
        sys.stdout.flush()


def main() -> None:
    url, names, marks = sys.argv[1:]
    store = Store(database.engine(database.parse(url)))
    threads = [
        threading.Thread(target=label, args=(store, name, int(marks))) for name in names.split(",")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
