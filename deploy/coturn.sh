#!/bin/sh
# The relay of video. Its secret comes as a file and stays out of the list of processes; it relays to the internet only,
# never into the networks behind it.
set -eu
umask 077
cat >/tmp/turnserver.conf <<CONF
fingerprint
use-auth-secret
static-auth-secret=$(cat /run/secrets/turn_secret)
realm=$TURN_REALM
external-ip=$TURN_EXTERNAL_IP
min-port=49160
max-port=49200
no-tls
no-cli
no-multicast-peers
log-file=stdout
denied-peer-ip=0.0.0.0-0.255.255.255
denied-peer-ip=10.0.0.0-10.255.255.255
denied-peer-ip=100.64.0.0-100.127.255.255
denied-peer-ip=127.0.0.0-127.255.255.255
denied-peer-ip=169.254.0.0-169.254.255.255
denied-peer-ip=172.16.0.0-172.31.255.255
denied-peer-ip=192.168.0.0-192.168.255.255
denied-peer-ip=::1
denied-peer-ip=fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
denied-peer-ip=fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff
CONF
exec turnserver -c /tmp/turnserver.conf
