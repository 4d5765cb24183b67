"""The JSON API; what differs between broken and fixed stands in those two modules."""

from __future__ import annotations

import secrets
from importlib import import_module

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from racelab.academy.models import GuideApplicationRequest, TeacherInvitation
from racelab.json_requests import sent_in

mode = import_module(f"racelab.academy.{settings.MODE}")


@csrf_exempt
@require_POST
def register(request: HttpRequest) -> JsonResponse:
    sent = sent_in(request, "username", "email", "password", "role", optional=("bio", "invitation"))
    if isinstance(sent, JsonResponse):
        return sent
    status, answer = mode.register(**sent)
    return JsonResponse(answer, status=status)


@csrf_exempt
@require_POST
def invite(request: HttpRequest) -> JsonResponse:
    """A new invitation; whoever has the token can use it."""
    sent = sent_in(request, "email")
    if isinstance(sent, JsonResponse):
        return sent
    invitation = TeacherInvitation.objects.create(email=sent["email"], token=secrets.token_hex(16))
    return JsonResponse({"token": invitation.token}, status=201)


@csrf_exempt
@require_POST
def accept(request: HttpRequest) -> JsonResponse:
    sent = sent_in(request, "token", "username", "password")
    if isinstance(sent, JsonResponse):
        return sent
    user = authenticate(request, username=sent["username"], password=sent["password"])
    if user is None:
        return JsonResponse({"detail": "Wrong name or password."}, status=401)
    status, answer = mode.accept(sent["token"], user)
    return JsonResponse(answer, status=status)


@csrf_exempt
@require_POST
def apply_as_guide(request: HttpRequest) -> JsonResponse:
    sent = sent_in(request, "username", "password")
    if isinstance(sent, JsonResponse):
        return sent
    user = authenticate(request, username=sent["username"], password=sent["password"])
    if user is None:
        return JsonResponse({"detail": "Wrong name or password."}, status=401)
    return JsonResponse({"id": GuideApplicationRequest.objects.create(user=user).pk}, status=201)


@csrf_exempt
@require_POST
def approve(request: HttpRequest, key: int) -> JsonResponse:  # noqa: ARG001
    """Approve an application. (The lab has no administrators: everybody on the loopback interface may.)"""
    status, answer = mode.approve(get_object_or_404(GuideApplicationRequest, pk=key))
    return JsonResponse(answer, status=status)
