# Makes the secrets of a cluster in infra/secrets, or in the folder that is named, and leaves alone those that are there.
# Put `database_owner` there first where PostgreSQL is elsewhere: the services' addresses are made from it.
set -eu
umask 022
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
# The folder is for its owner alone. The files are not: in the containers other users read them, one service one of each.
chmod 700 "$folder"
cd "$folder"
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
[ -e secret ] || random > secret
[ -e database_password ] || random > database_password
[ -e database_owner ] || printf 'postgresql://noughts:%s@database/noughts' "$(cat database_password)" > database_owner
[ -e smtp_password ] || : > smtp_password
for one in users auth games; do
  [ -e "database_$one" ] || sed "s#//[^@]*@#//noughts_$one:$(random)@#" database_owner > "database_$one"
done
