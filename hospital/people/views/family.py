"""Family members (H1): list, add with consent, remove. And the desk where staff look at a document (IH-04)."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, Role
from hospital.kit.masking import mask_name
from hospital.kit.problems import Problem, add_to_form

from .. import selectors, services
from ..forms import CodeForm, FamilyForm
from ..models import Account, CodePurpose
from ..parameters import PROFILES
from .doors import binding_of, next_of, page


def _me(request: HttpRequest) -> Account:
    account = request.user
    assert isinstance(account, Account)
    return account


@rule("people.family", SIGNED_IN_PATIENTS)
def family(request: HttpRequest) -> HttpResponse:
    """For whom this account may act."""
    links = selectors.family_links_for(actor_of(request))
    most = PROFILES.at(clock.now())
    return page(request, "family.html", links=links, most=most, full=len(links) >= most)


@rule("people.family_add", SIGNED_IN_PATIENTS, methods=["GET", "POST"])
def family_add(request: HttpRequest) -> HttpResponse:
    """Who it is; then, for grown-ups with a phone of their own, the code that they read out."""
    actor, me, at = actor_of(request), _me(request), clock.now()
    form = FamilyForm(request.POST or None, initial={"relation": "parent" if actor.patient_ids else "self"})
    if request.method == "GET":
        return page(request, "family_add.html", form=form)
    code_form = CodeForm(request.POST if "code" in request.POST else None)
    code_form.fields.pop("phone")
    if not form.is_valid():
        return page(request, "family_add.html", 422, form=form)
    asked = form.cleaned_data
    try:
        member = services.member_read(
            account=me, name=asked["name"], document_type=asked["document_type"], document_no=asked["document_no"],
            relation=asked["relation"], phone=asked["phone"], birth_date=asked["birth_date"], sex=asked["sex"], at=at,
        )  # fmt: skip
        if services.needs_code(me, member) and "code" not in request.POST:
            services.code_send(
                actor=actor, phone=member.proof_phone, purpose=CodePurpose.FAMILY, binding=binding_of(request), at=at
            )
            return page(request, "family_code.html", form=form, code_form=code_form, phone=member.proof_phone)
    except Problem as problem:
        add_to_form(form, problem)
        return page(request, "family_add.html", problem.status, form=form)
    try:
        services.family_add(
            actor=actor,
            account=me,
            member=member,
            code=request.POST.get("code", ""),
            binding=binding_of(request),
            at=at,
        )
    except Problem as problem:
        if "code" in problem.fields:
            code_form.is_valid()
            add_to_form(code_form, problem)
            return page(
                request, "family_code.html", problem.status, form=form, code_form=code_form, phone=member.proof_phone
            )
        add_to_form(form, problem)
        return page(request, "family_add.html", problem.status, form=form)
    messages.success(request, _("%(name)s is added.") % {"name": mask_name(member.name)})
    return redirect(next_of(request, "/family/"))


@rule("people.family_revoke", SIGNED_IN_PATIENTS, methods=["POST"], subject="people.family_link")
def family_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    services.family_revoke(actor=actor_of(request), link_id=pk, at=clock.now())
    messages.success(request, _("Removed. The hospital's records stay as the law asks."))
    return redirect("people:family")


class DeskForm(forms.Form):
    record_no = forms.CharField(label=gettext_lazy("Medical record number"), max_length=20)
    document_no = forms.CharField(
        label=gettext_lazy("Document number"),
        help_text=gettext_lazy("Read it from the document in your hand, not from a screen."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@rule("people.desk", {Role.CASHIER, Role.NURSE, Role.RECORDS}, methods=["GET", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """The service desk proves a real name by looking at the document (IH-04)."""
    form = DeskForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return page(request, "desk.html", 200 if request.method == "GET" else 422, form=form)
    try:
        patient = services.patient_verify(
            actor=actor_of(request), record_no=form.cleaned_data["record_no"],
            document_no=form.cleaned_data["document_no"], at=clock.now(),
        )  # fmt: skip
    except Problem as problem:
        add_to_form(form, problem)
        return page(request, "desk.html", problem.status, form=form)
    messages.success(request, _("%(name)s is verified.") % {"name": patient.masked_name})
    return redirect("people_staff:desk")
