"""Who reaches the administration: nobody but an administrator who proved a second factor (SEC-01, H6)."""

import pytest

from tests.cast import client_for


@pytest.mark.parametrize("who", ["doctor_li", "finance", "records", "wang_fang"])
def test_others_are_told_that_there_is_no_such_page(cast, who):
    assert client_for(getattr(cast, who)).get("/admin/").status_code == 404


def test_a_stranger_meets_the_sign_in_page(client, db):
    assert client.get("/admin/").status_code == 401


def test_an_administrator_comes_in_and_reads_chinese(cast):
    page = client_for(cast.admin).get("/admin/").content.decode()
    assert "医院管理后台" in page and "css/admin.css" in page
