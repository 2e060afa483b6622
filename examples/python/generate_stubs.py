"""Makes the Python client from the .proto files, in the folder `stubs` beside this file."""

import sys
from pathlib import Path

from grpc_tools import protoc

HERE = Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"
STUBS = HERE / "stubs"


def main() -> int:
    STUBS.mkdir(exist_ok=True)
    files = sorted(str(file) for file in PROTO.glob("usher/v1/*.proto"))
    # Timestamp, Duration and the like come with grpcio-tools.
    well_known = Path(protoc.__file__).parent / "_proto"
    folders = [f"--proto_path={PROTO}", f"--proto_path={well_known}"]
    outputs = [f"--python_out={STUBS}", f"--pyi_out={STUBS}", f"--grpc_python_out={STUBS}"]
    return protoc.main(["protoc", *folders, *outputs, *files])


if __name__ == "__main__":
    sys.exit(main())
