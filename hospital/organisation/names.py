"""How a Chinese name is found: by its characters in any order, by what people call it, by pinyin and by initials.

`fold` brings what is written in a catalogue and what is typed in a search box to one form; both sides use it, so that
右肺癌 and 右肺恶性肿瘤 are the same text. Everything here is pure.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from pypinyin import lazy_pinyin, load_phrases_dict, load_single_dict
from pypinyin.seg import mmseg

# What people say and what catalogues write. Order matters: longer sayings first.
_SPOKEN = (
    ("转移癌", "继发恶性肿瘤"),
    ("转移瘤", "继发恶性肿瘤"),
    ("转移性恶性肿瘤", "继发恶性肿瘤"),
    ("继发性恶性肿瘤", "继发恶性肿瘤"),
    ("癌症", "恶性肿瘤"),
    ("癌", "恶性肿瘤"),
    ("乳房", "乳腺"),
    ("慢阻肺", "慢性阻塞性肺疾病"),
    ("慢性阻塞性肺病", "慢性阻塞性肺疾病"),
    ("心梗", "心肌梗死"),
    ("脑梗", "脑梗死"),
    ("脑梗死塞", "脑梗死"),
    ("梗塞", "梗死"),
    ("房颤", "心房颤动"),
    ("室早", "室性期前收缩"),
    ("早搏", "期前收缩"),
    ("甲亢", "甲状腺功能亢进"),
    ("甲减", "甲状腺功能减退"),
    ("乙肝", "乙型病毒性肝炎"),
    ("丙肝", "丙型病毒性肝炎"),
    ("肝硬变", "肝硬化"),
    ("感冒", "急性上呼吸道感染"),
    ("血色素", "血红蛋白"),
    ("化疗", "化学治疗"),
    ("放疗", "放射治疗"),
)
_BACK = (("恶性肿瘤", "癌"), ("乳房", "乳腺"))  # how a written name is spoken: for pinyin and initials

# Readings that the general dictionary gets wrong in medical words. Syllables without tones.
_PHRASES = {
    "长骨": "chang gu", "着床": "zhuo chuang", "剥脱": "bo tuo", "剥离": "bo li", "剥落": "bo luo", "薄壁": "bo bi",
    "薄型": "bo xing", "重链": "zhong lian", "重度": "zhong du", "重叠": "chong die", "会阴": "hui yin",
    "会厌": "hui yan", "参与": "can yu", "人参": "ren shen", "党参": "dang shen", "丹参": "dan shen",
    "玄参": "xuan shen", "沙参": "sha shen", "大黄": "dai huang", "阿胶": "e jiao", "蛤蚧": "ge jie", "白术": "bai zhu",
    "苍术": "cang zhu", "莪术": "e zhu", "咯血": "ka xue", "泌尿": "mi niao", "便溏": "bian tang", "行经": "xing jing",
    "横行": "heng xing", "骨骺": "gu hou", "臂丛": "bi cong", "胳膊": "ge bo", "调强": "tiao qiang", "适形": "shi xing",
    "单抗": "dan kang", "曲妥珠": "qu tuo zhu", "来曲唑": "lai qu zuo", "紫杉": "zi shan", "吲哚": "yin duo",
    "薄荷": "bo he", "校正": "jiao zheng", "率": "lv", "血": "xue", "脏器": "zang qi", "心脏": "xin zang",
    "肝脏": "gan zang", "肾脏": "shen zang", "内脏": "nei zang", "传入": "chuan ru", "传出": "chuan chu",
    "结核": "jie he", "胖大海": "pang da hai", "朝向": "chao xiang", "处方": "chu fang", "折断": "zhe duan",
    "差异": "cha yi", "间质": "jian zhi", "间皮": "jian pi", "间变": "jian bian", "间隔": "jian ge", "间歇": "jian xie",
    "强直": "qiang zhi", "囊尾蚴": "nang wei you", "假单胞": "jia dan bao", "恶心": "e xin", "恶性": "e xing",
}  # fmt: skip
_SURNAMES = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "任": "ren", "华": "hua", "朴": "piao",
    "覃": "qin", "翟": "zhai", "盖": "ge", "乐": "yue", "尉迟": "yu chi", "万俟": "mo qi", "缪": "miao", "员": "yun",
    "冼": "xian", "洗": "xian", "黑": "he", "秘": "bi", "繁": "po", "召": "shao", "种": "chong", "燕": "yan", "葛": "ge",
}  # fmt: skip

_KEPT = re.compile(r"[^0-9a-z\u0370-\u03ff\u3400-\u9fff\U00020000-\U0003ffff]+")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_PIECE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]|[0-9a-z\u0370-\u03ff]+")


@lru_cache(maxsize=1)
def _teach() -> None:
    load_phrases_dict({word: [[part] for part in said.split()] for word, said in _PHRASES.items() if len(word) > 1})
    load_single_dict({ord(word): said for word, said in _PHRASES.items() if len(word) == 1})


def is_han(text: str) -> bool:
    return bool(_HAN.search(text))


def plain(text: str) -> str:
    """Half width, lower case, letters and digits only: `CA 19－9` -> `ca199`."""
    return _KEPT.sub("", unicodedata.normalize("NFKC", text).lower())


def fold(text: str) -> str:
    """`plain`, and what people say replaced by what catalogues write: 右肺癌 -> 右肺恶性肿瘤."""
    folded = plain(text)
    for spoken, written in _SPOKEN:
        folded = folded.replace(spoken, written)
    return folded


def asked(text: str) -> str:
    """`fold` of what somebody types; there 转移 means a secondary tumour: 骨转移 -> 骨继发恶性肿瘤."""
    folded = fold(text)
    return f"{folded.removesuffix('转移')}继发恶性肿瘤" if folded.endswith("转移") and len(folded) > 2 else folded


def grams(folded: str) -> list[str]:
    """Each Chinese character, each pair of neighbours, each Latin word of a folded text; sorted, without doubles."""
    pieces = _PIECE.findall(folded)
    pairs = {a + b for a, b in itertools.pairwise(pieces) if is_han(a) and is_han(b)}
    return sorted({piece[:60] for piece in pieces} | pairs)


def characters(folded: str) -> list[str]:
    """The distinct Chinese characters of a folded text."""
    return sorted(set(_HAN.findall(folded)))


def pairs(folded: str) -> list[str]:
    """The distinct pairs of neighbouring Chinese characters of a folded text."""
    return [gram for gram in grams(folded) if len(gram) == 2 and is_han(gram[0]) and is_han(gram[1])]


@lru_cache(maxsize=50_000)
def _said(word: str) -> tuple[str, str]:
    """Pinyin and initials of a word of the pinyin dictionary; catalogues repeat the same few thousand words."""
    if not is_han(word):
        return word, word
    syllables = [plain(part) for part in lazy_pinyin(word)]
    return "".join(syllables), "".join(part[:1] for part in syllables)


def _spoken(text: str) -> tuple[str, str]:
    _teach()
    words = [_said(word) for word in mmseg.seg.cut(plain(text))]
    return "".join(full for full, _ in words), "".join(first for _, first in words)


def sounds(texts: Iterable[str]) -> tuple[str, str]:
    """Pinyin and initials of some names, each a word led by a blank, with the spoken form of written words too.

    肺恶性肿瘤 -> (" feiexingzhongliu feiai", " fexzl fa")
    """
    said: dict[str, str] = {}
    for text in texts:
        spoken = text
        for written, short in _BACK:
            spoken = spoken.replace(written, short)
        for form in dict.fromkeys((text, spoken)):
            full, first = _spoken(form)
            if full:
                said[full] = first
    return "".join(f" {full}" for full in said), "".join(f" {first}" for first in dict.fromkeys(said.values()))


def person(name: str) -> tuple[str, str]:
    """Pinyin and initials of a person's name; a surname is read as a surname: 单晓燕 -> ("shanxiaoyan", "sxy")."""
    _teach()
    for length in (2, 1):
        surname, given = name[:length], name[length:]
        if surname in _SURNAMES and given:
            syllables = [*_SURNAMES[surname].split(), *lazy_pinyin(given)]
            break
    else:
        syllables = lazy_pinyin(name)
    syllables = [plain(part) for part in syllables if plain(part)]
    return "".join(syllables), "".join(part[0] for part in syllables)


def half_width(text: str) -> str:
    """Full-width letters, digits and signs as half-width ones."""
    return unicodedata.normalize("NFKC", text)


def latin_parts(folded: str) -> list[str]:
    """The runs of letters and digits between Chinese characters."""
    return [piece for piece in _PIECE.findall(folded) if not is_han(piece)]
