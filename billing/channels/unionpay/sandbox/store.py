"""The books of the stand-in for UnionPay: transactions, notices on their way."""

from ...books import Books


class Store(Books):
    schema = """
CREATE TABLE IF NOT EXISTS orders (
  number TEXT PRIMARY KEY, txn_time TEXT, title TEXT, total INTEGER, sub TEXT, biz TEXT, back_url TEXT, front_url TEXT,
  expires REAL, state TEXT DEFAULT 'waiting', query_id TEXT UNIQUE, trace TEXT, token TEXT UNIQUE, paid_total INTEGER,
  success_at REAL, created_at REAL, phone_url TEXT);
CREATE TABLE IF NOT EXISTS refunds (
  number TEXT PRIMARY KEY, txn_time TEXT, order_number TEXT, query_id TEXT, trace TEXT, amount INTEGER, back_url TEXT,
  success_at REAL, state TEXT DEFAULT 'done');
CREATE TABLE IF NOT EXISTS notices (
  id TEXT PRIMARY KEY, url TEXT, fields TEXT, created_at REAL, attempts INTEGER DEFAULT 0, next_at REAL, done_at REAL);
"""
