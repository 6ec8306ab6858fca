#!/bin/sh
# Make the secrets of an installation that nobody else gives, once; what exists stays. Those of the channels are put
# beside them by hand: sms_api_key, identity_api_key, wechat_app_secret, wechatpay_private_key, wechatpay_public_key, wechatpay_apiv3_key,
# alipay_private_key, alipay_public_key, unionpay_merchant_pem, unionpay_trust_pem, invoice_api_key, insurance_app_secret, insurance_private_key,
# insurance_platform_public_key; an empty file is one that this hospital has no use for.
# Back up field_keys, blind_index_key and signing_key apart from the database: without them its names can't be read.
set -eu
umask 077
dir="$(dirname "$0")/secrets"
mkdir -p "$dir"

keep() { # name, value
  [ -e "$dir/$1" ] || printf '%s\n' "$2" >"$dir/$1"
}
random() { openssl rand -hex 32; }

for name in secret_key blind_index_key signing_key postgres_password owner_password app_password turn_secret orthanc_password; do
  keep "$name" "$(random)"
done
keep field_keys "k1:sm4:$(openssl rand -base64 16)"
keep database_url "postgres://hospital_app:$(cat "$dir/app_password")@pgbouncer:6432/hospital"
keep owner_database_url "postgres://hospital_owner:$(cat "$dir/owner_password")@postgres:5432/hospital"

for name in sms_api_key identity_api_key wechat_app_secret wechatpay_private_key wechatpay_public_key wechatpay_apiv3_key \
  alipay_private_key alipay_public_key unionpay_merchant_pem unionpay_trust_pem invoice_api_key insurance_app_secret insurance_private_key \
  insurance_platform_public_key; do
  [ -e "$dir/$name" ] || echo "missing: $dir/$name (given by the provider)"
done
chmod 644 "$dir"/* # containers run under users of their own; the directory itself is closed
