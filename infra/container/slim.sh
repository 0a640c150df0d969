# Makes an environment small, and quick to start from a file system nobody may write on.
set -eu
cd "$(echo "$1"/lib/python3.*/site-packages)"
# What no server reads: tests, sources of compiled modules, symbols for debuggers, lists of installed files.
rm -rf sqlalchemy/testing alembic/testing greenlet/tests
# Databases that are not ours, and the ways to WebSockets that are older or block.
rm -rf sqlalchemy/dialects/mssql sqlalchemy/dialects/mysql sqlalchemy/dialects/oracle websockets/legacy
find . \( -name '*.py[xid]' -o -name '*.px[di]' -o -name '*.[ch]' -o -name '*.[ch]pp' -o -path '*.dist-info/RECORD' \) -delete
find . -name '*.so' -exec strip --strip-unneeded {} +
# Whether an address can be delivered to is asked by a letter, never of the DNS.
rm -rf dns
# They compile C for other packages, when those are built; what runs it, _cffi_backend, stays.
rm -rf cffi pycparser
# botocore describes some four hundred services: we ask one of them, and the one that lends a role to ask it with. It reads
# packed descriptions as well as plain ones.
find botocore/data -mindepth 1 -maxdepth 1 -type d ! -name cognito-idp ! -name sts -exec rm -r {} +
gzip -9 -n botocore/data/*.json
# aiohttp's server, which is not ours; the interfaces of Google's services, of which OTLP has but the encoding.
rm -f aiohttp/web*.py
rm -rf google/api google/cloud google/gapic google/logging google/longrunning google/rpc google/type
# The command line colours Python at most, of five hundred languages.
find pygments/lexers -name '*.py' ! -name __init__.py ! -name _mapping.py ! -name python.py ! -name special.py -delete
# Bytecode, but not of what a server never loads: migrations start a second later for it, and the image is 17 MB smaller.
python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash \
  -x '/(alembic|mako|pygments/lexers|rich_rst|sqlalchemy)/' .
