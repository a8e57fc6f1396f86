"""``python -m etl.layers [3.9|3.13]``: build the layer and print where it is and how large."""

from __future__ import annotations

import sys

from etl.layers import LayerError, RuntimeUnknown, built_layer, layer_bytes


def main(arguments: list[str]) -> int:
    runtimes = arguments or ["3.9"]
    if any(argument.startswith("-") for argument in runtimes):
        sys.stdout.write("usage: python -m etl.layers [RUNTIME ...]     for example: python -m etl.layers 3.9 3.13\n")
        return 0 if runtimes in (["-h"], ["--help"]) else 2
    try:
        for runtime in runtimes:
            layer = built_layer(runtime)
            sys.stdout.write(f"{runtime}\t{layer}\t{layer_bytes(layer) / 2**20:.1f} MiB\n")
    except LayerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2 if isinstance(error, RuntimeUnknown) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
