"""Pictures of a talk over HTTP: sent by either side, shown to both, to nobody else, inert (G16)."""

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.pictures import PictureRefused
from hospital.kit.problems import NotFound, Problem

from . import errors, parameters, policy, selectors, services
from .models import Sender, TalkPicture
from .views import TALKERS, talk_context


def inert(file: FieldFile, name: str) -> HttpResponseBase:
    """A stored JPEG as nothing but a picture, whatever a browser would like to see in it."""
    response = FileResponse(file.open("rb"), content_type="image/jpeg")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = f'inline; filename="{name}.jpg"'
    return response


@rule("consult.pictures", TALKERS, methods=["POST"], subject="online_visit")
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """A picture by a form's post; a page with a script gets JSON and stays where it is."""
    actor, at = actor_of(request), clock.now()
    by_script = request.headers.get("Accept", "") == "application/json"
    visit = selectors.member_visit(actor, pk)
    upload = request.FILES.get("picture")
    by_doctor = policy.is_doctor_of(actor, visit)
    try:
        if upload is None:
            raise PictureRefused(most=parameters.PICTURE_MEGABYTES.at(at))
        line = services.picture_post(
            actor=actor, visit_id=pk, upload=upload, client_key=request.POST.get("key", ""), at=at
        )
    except (PictureRefused, errors.TooManyPictures, errors.TooFast, errors.NotTalking) as problem:
        if by_script:
            return JsonResponse(problem.as_dict(), status=problem.status, content_type="application/problem+json")
        return _refused(request, pk, problem, by_doctor=by_doctor)
    if by_script:
        return JsonResponse({"type": "said", "key": line.client_key, "seq": line.seq}, status=201)
    place = reverse("consult_staff:work" if by_doctor else "consult:talk", args=[pk])
    return HttpResponseRedirect(place + "#end")


def _refused(request: HttpRequest, pk: int, problem: Problem, *, by_doctor: bool) -> HttpResponse:
    if by_doctor:
        raise problem
    actor = actor_of(request)
    visit = selectors.visit_for(actor, pk, at=clock.now(), action="consult.talk")
    context = {**talk_context(actor, visit, Sender.PATIENT), "problem": problem}
    return render(request, "consult/talk.html", context, status=problem.status)


@rule("consult.picture_read", TALKERS, subject="talk_picture")
def read(request: HttpRequest, pk: int, picture_id: int) -> HttpResponseBase:
    actor, at = actor_of(request), clock.now()
    found = TalkPicture.objects.filter(pk=picture_id, visit_id=pk).first()
    if found is None:
        raise NotFound  # before the visit is read, so that the trail tells no reading where nothing was shown
    selectors.visit_for(actor, pk, at=at, action="consult.picture")
    return inert(found.file, f"picture-{found.pk}")
