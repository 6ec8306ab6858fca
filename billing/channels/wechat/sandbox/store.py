"""The books of the stand-in for WeChat Pay: orders, refunds, notices on their way, bills."""

from ...books import Books


class Store(Books):
    schema = """
CREATE TABLE IF NOT EXISTS orders (
  number TEXT PRIMARY KEY, description TEXT, attach TEXT, total INTEGER, notify_url TEXT, expires REAL,
  trade_type TEXT, openid TEXT, prepay_id TEXT UNIQUE, state TEXT DEFAULT 'NOTPAY', transaction_id TEXT UNIQUE,
  paid_total INTEGER, success_at REAL, created_at REAL);
CREATE TABLE IF NOT EXISTS refunds (
  number TEXT PRIMARY KEY, refund_id TEXT UNIQUE, order_number TEXT, amount INTEGER, reason TEXT, notify_url TEXT,
  status TEXT DEFAULT 'PROCESSING', created_at REAL, finish_at REAL, success_at REAL);
CREATE TABLE IF NOT EXISTS notices (
  id TEXT PRIMARY KEY, url TEXT, event_type TEXT, summary TEXT, kind TEXT, resource TEXT, created_at REAL,
  attempts INTEGER DEFAULT 0, next_at REAL, done_at REAL, last_answer TEXT DEFAULT '');
CREATE TABLE IF NOT EXISTS bills (token TEXT PRIMARY KEY, body BLOB, zipped INTEGER, until REAL);
CREATE TABLE IF NOT EXISTS bill_extra (id INTEGER PRIMARY KEY, day TEXT, line TEXT);
"""
