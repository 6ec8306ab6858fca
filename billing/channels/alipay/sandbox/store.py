"""The books of the stand-in for Alipay: trades, refunds, notices on their way, bills."""

from ...books import Books


class Store(Books):
    schema = """
CREATE TABLE IF NOT EXISTS orders (
  number TEXT PRIMARY KEY, subject TEXT, total INTEGER, notify_url TEXT, return_url TEXT, expires REAL,
  state TEXT DEFAULT 'WAIT_BUYER_PAY', trade_no TEXT UNIQUE, token TEXT UNIQUE, paid_total INTEGER,
  success_at REAL, created_at REAL, phone_url TEXT);
CREATE TABLE IF NOT EXISTS refunds (
  number TEXT PRIMARY KEY, order_number TEXT, amount INTEGER, reason TEXT, success_at REAL);
CREATE TABLE IF NOT EXISTS notices (
  id TEXT PRIMARY KEY, url TEXT, fields TEXT, created_at REAL, attempts INTEGER DEFAULT 0, next_at REAL, done_at REAL);
CREATE TABLE IF NOT EXISTS bills (token TEXT PRIMARY KEY, body BLOB, until REAL);
"""
