"""Codes of the catalogues: looked up, corrected, imported with a preview, exported without live formulas (G17)."""

import base64
import binascii
from typing import Any

from django.contrib import admin, messages
from django.core.signing import BadSignature, TimestampSigner
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hospital.kit import clock
from hospital.kit.access import actor_of
from hospital.kit.admin import HistoryAdmin
from hospital.kit.problems import Invalid, Problem

from ..catalogues import exporting, storing, text
from ..errors import CatalogueRefused
from ..forms import CatalogueImportForm
from ..models import CatalogueImport, CodeSystem, Concept
from ..selectors import concept_search
from ..services import catalogue_import, catalogue_preview

_SHOWN_ERRORS = 200
_LARGEST_FILE = 30 * 1024 * 1024
_LARGEST_SEALED = 1_800_000  # settings.DATA_UPLOAD_MAX_MEMORY_SIZE, less the other fields


@admin.register(Concept)
class ConceptAdmin(HistoryAdmin):
    list_display = ("code", "display", "system", "is_active", "source")
    list_filter = ("system", "is_active")
    search_fields = ("code",)  # the search box itself is concept_search, see get_search_results
    search_help_text = gettext_lazy("Code, name, pinyin or initials; words in any order")
    show_full_result_count = False
    actions = ("export_selected",)
    change_list_template = "admin/organisation/concept/change_list.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Concept], search_term: str
    ) -> tuple[QuerySet[Concept], bool]:
        """The search of the house, in the catalogue that the list is filtered by, or in all of them."""
        if not search_term.strip():
            return queryset, False
        system = request.GET.get("system__exact", "")
        systems = [system] if system in CodeSystem.values else list(CodeSystem.values)
        found = [row.pk for one in systems for row in concept_search(one, search_term, 100)]
        return queryset.filter(pk__in=found), False

    def save_model(self, request: HttpRequest, obj: Concept, form: Any, change: bool) -> None:
        storing.derive(obj)
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: HttpRequest, obj: Concept | None = None) -> Any:
        return ("system", "code") if obj else ()

    # --- Export --------------------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Export the chosen codes (CSV)"))
    def export_selected(self, request: HttpRequest, queryset: QuerySet[Concept]) -> StreamingHttpResponse:
        return _download(queryset.order_by("system", "code"), "codes.csv")

    def export_view(self, request: HttpRequest, system: str) -> StreamingHttpResponse:
        if system not in CodeSystem.values:
            raise Invalid(fields={"system": _("No such catalogue")})
        return _download(Concept.objects.filter(system=system).order_by("code"), f"{system}.csv")

    # --- Import --------------------------------------------------------------------------------------------

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """First the file with a preview of what it would do, then, confirmed, the import of the very same bytes."""
        if request.method == "POST" and "confirmed" in request.POST:
            return self._import(request)
        form = CatalogueImportForm(request.POST or None, request.FILES or None)
        context: dict[str, Any] = {**self.admin_site.each_context(request), "form": form, "opts": self.model._meta}
        if form.is_valid():
            upload = form.cleaned_data["file"]
            if upload.size > _LARGEST_FILE:
                form.add_error("file", _("The file is too large."))
            else:
                raw = upload.read()
                result, reading = catalogue_preview(
                    system=form.cleaned_data["system"], file_name=upload.name, raw=raw,
                    partial=form.cleaned_data["partial"],
                )  # fmt: skip
                sealed = _seal(raw)
                if len(sealed) > _LARGEST_SEALED:
                    form.add_error("file", _("So large a file is imported by manage.py import_catalogue."))
                    return render(request, "admin/organisation/concept/import.html", context)
                context |= {
                    "result": result, "errors": reading.errors[:_SHOWN_ERRORS], "wrong": len(reading.errors),
                    "sealed": sealed, "file_name": upload.name,
                }  # fmt: skip
        return render(request, "admin/organisation/concept/import.html", context)

    def _import(self, request: HttpRequest) -> HttpResponse:
        try:
            raw = _open(request.POST.get("sealed", ""))
            result = catalogue_import(
                actor=actor_of(request), system=request.POST.get("system", ""), raw=raw, at=clock.now(),
                file_name=request.POST.get("file_name", "")[:200], source=request.POST.get("source", "")[:200],
                partial="partial" in request.POST, allow_retire="allow_retire" in request.POST,
            )  # fmt: skip
        except CatalogueRefused as problem:
            for error in problem.errors[:20]:
                messages.error(request, _("Line %(line)d: %(reason)s") % {"line": error.line, "reason": error.reason})
            return redirect("admin:organisation_concept_import")
        except Problem as problem:
            messages.error(request, f"{problem.reason}. {problem.next_step}")
            return redirect("admin:organisation_concept_import")
        counts = result.counts
        messages.success(
            request,
            _("Imported: %(new)d new, %(changed)d changed, %(same)d the same, %(retired)d retired")
            % {"new": counts.new, "changed": counts.changed, "same": counts.same, "retired": counts.retired},
        )
        return redirect(reverse("admin:organisation_concept_changelist") + f"?system__exact={result.system}")

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("import/", self.door(self.import_view), name="organisation_concept_import"),
            path("export/<str:system>/", self.door(self.export_view), name="organisation_concept_export"),
        ]
        return [*own, *super().get_urls()]


def _download(rows: QuerySet[Concept], name: str) -> StreamingHttpResponse:
    lines = exporting.as_csv(rows.defer(*storing.DERIVED).iterator(chunk_size=2000))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _seal(raw: bytes) -> str:
    """The previewed bytes, compressed and signed, so that what is imported is what was looked at."""
    packed = raw if raw[:2] == b"\x1f\x8b" else text.pack(raw)
    return TimestampSigner(salt="organisation.import").sign(base64.b64encode(packed).decode())


def _open(sealed: str) -> bytes:
    try:
        return base64.b64decode(TimestampSigner(salt="organisation.import").unsign(sealed, max_age=3600))
    except (BadSignature, binascii.Error) as error:
        raise Invalid(fields={"file": _("The preview has expired; please choose the file again.")}) from error


@admin.register(CatalogueImport)
class CatalogueImportAdmin(admin.ModelAdmin[CatalogueImport]):
    list_display = ("at", "system", "file_name", "account", "rows", "new", "changed", "same", "retired")
    list_filter = ("system",)
    list_select_related = ("account",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: CatalogueImport | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CatalogueImport | None = None) -> bool:
        return False
