"""The books of the stand-in for the insurer's centre: consents, uploads, refunds, notices on their way."""

from ...books import Books


class Store(Books):
    schema = """
CREATE TABLE IF NOT EXISTS consents (code TEXT PRIMARY KEY, pay_auth_no TEXT UNIQUE, name TEXT, id_no TEXT, used INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS plans (id_no TEXT PRIMARY KEY, insutype TEXT, fund_percent INTEGER, personal_percent INTEGER);
CREATE TABLE IF NOT EXISTS uploads (
  number TEXT PRIMARY KEY, pay_ord_id TEXT UNIQUE, token TEXT, pay_auth_no TEXT, id_no TEXT, name TEXT, insutype TEXT,
  total INTEGER, fund INTEGER, personal INTEGER, own INTEGER, digest TEXT, state TEXT DEFAULT '1', settled_at REAL,
  created_at REAL);
CREATE TABLE IF NOT EXISTS refunds (
  number TEXT PRIMARY KEY, pay_ord_id TEXT, fund INTEGER, personal INTEGER, done_at REAL);
CREATE TABLE IF NOT EXISTS notices (
  id INTEGER PRIMARY KEY, number TEXT, call_type TEXT, created_at REAL, done_at REAL, attempts INTEGER DEFAULT 0);
"""
