"""How fast a doctor finds a diagnosis: concept_search against a plain ILIKE scan, on the same rows in the same run.

    python benchmarks/catalogue_search.py [--rounds 5] [--json]

Needs the carried catalogues (`manage.py load_catalogues`). Each query is what a person types: codes, parts of codes,
Chinese as it is written and as it is spoken, words in another order, pinyin, initials, misspellings. Every query is
measured alone, over the whole call (database, ORM, objects); p50 and p95 are over all calls of all rounds.
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings")

import django

django.setup()

from django.db import connection  # noqa: E402 - after django.setup()

from hospital.organisation.models import Concept  # noqa: E402
from hospital.organisation.selectors import concept_search  # noqa: E402

TYPED = [
    "右肺癌", "乳腺癌", "肺癌", "癌", "恶性肿瘤", "左乳恶性肿瘤", "肿瘤恶性肺右", "肝癌", "胃癌 术后", "骨转移", "脑转移瘤",
    "高血压", "2型糖尿病", "糖尿病", "肺炎", "急性心梗", "脑梗", "冠心病", "甲亢", "慢阻肺", "白血病", "淋巴瘤", "贫血",
    "C34", "C34.9", "C50.9", "c50.900", "E11", "I10", "M80", "Z51", "A", "C",
    "youfeiai", "ruxianai", "feiai", "gaoxueya", "tangniaobing", "ganyinghua", "weiai", "fei", "ru",
    "yfa", "rxa", "fa", "gxy", "tnb", "rxexzl", "xjgs", "a", "x",
    "右 肺", "肺 上叶 恶性肿瘤", "上叶 肺癌 右", "乳腺 c50", "feiai c34", "继发 骨", "放射治疗", "化疗", "右肺上叶癌症",
    "乳腺癌症待查", "没有这种病", "zzzz", "肺恶性中瘤", "多发性骨髓溜", "鼻咽癌", "宫颈癌", "前列腺癌", "甲状腺乳头状癌",
]  # fmt: skip


def plain_scan(text: str) -> list[Concept]:
    """What one would write first: every word as ILIKE over name and code."""
    rows = Concept.objects.filter(system="icd10", is_active=True)
    for word in text.split():
        rows = rows.filter(display__icontains=word) | rows.filter(code__icontains=word)
    return list(rows.order_by("code")[:20])


def typed_letter_by_letter(texts: list[str]) -> list[str]:
    """A search box asks at each letter: every beginning of every query too."""
    return [text[:length] for text in texts for length in range(1, len(text) + 1) if text[:length].strip()]


def measure(search: Callable[[str], list[Concept]], queries: list[str], rounds: int) -> list[tuple[float, str]]:
    times = []
    for _ in range(rounds):
        for query in queries:
            began = time.perf_counter()
            search(query)
            times.append(((time.perf_counter() - began) * 1000, query))
    return times


def summary(times: list[tuple[float, str]]) -> dict[str, object]:
    values = sorted(taken for taken, _ in times)
    slowest = sorted(times, reverse=True)[:3]
    return {
        "calls": len(values),
        "p50_ms": round(statistics.median(values), 1),
        "p95_ms": round(values[int(len(values) * 0.95) - 1], 1),
        "max_ms": round(values[-1], 1),
        "slowest": [f"{query} {taken:.0f} ms" for taken, query in slowest],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = Concept.objects.filter(system="icd10", is_active=True).count()
    if rows < 40_000:
        sys.exit("The ICD-10 catalogue isn't loaded: run manage.py load_catalogues first.")
    queries = typed_letter_by_letter(TYPED)
    random.Random(7).shuffle(queries)
    connection.ensure_connection()
    for text in TYPED[:10]:  # both ways warm, so that neither pays for the cache
        concept_search("icd10", text), plain_scan(text)
    result = {
        "rows": rows,
        "queries": len(queries),
        "concept_search": summary(measure(lambda text: concept_search("icd10", text, 20), queries, options.rounds)),
        "plain ILIKE": summary(measure(plain_scan, queries, options.rounds)),
        "answered": {
            "concept_search": sum(bool(concept_search("icd10", text, 20)) for text in TYPED),
            "plain ILIKE": sum(bool(plain_scan(text)) for text in TYPED),
            "of": len(TYPED),
        },
    }
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
        return
    for name, value in result.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
