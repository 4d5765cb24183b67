"""The JSON API; what differs between broken and fixed stands in those two modules."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import authenticate, login
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from racelab.json_requests import sent_in
from racelab.website.models import Account, Comment, Order

mode = import_module(f"racelab.website.{settings.MODE}")


@csrf_exempt
@require_POST
def register(request: HttpRequest) -> JsonResponse:
    sent = sent_in(request, "username", "email", "password")
    if isinstance(sent, JsonResponse):
        return sent
    status, answer = mode.register(**sent)
    return JsonResponse(answer, status=status)


@csrf_exempt
@require_POST
def log_in(request: HttpRequest) -> JsonResponse:
    sent = sent_in(request, "username", "password")
    if isinstance(sent, JsonResponse):
        return sent
    account = authenticate(request, **sent)
    if account is None:
        return JsonResponse({"detail": "Wrong name or password."}, status=401)
    login(request, account)
    return JsonResponse({"id": account.pk})


def _account(request: HttpRequest) -> Account | None:
    return request.user if isinstance(request.user, Account) else None


@csrf_exempt
@require_POST
def order(request: HttpRequest) -> JsonResponse:
    sent, account = sent_in(request, "article"), _account(request)
    if isinstance(sent, JsonResponse) or account is None:
        return sent if isinstance(sent, JsonResponse) else JsonResponse({"detail": "Log in first."}, status=401)
    return JsonResponse({"id": Order.objects.create(account=account, **sent).pk}, status=201)


@csrf_exempt
@require_POST
def comment(request: HttpRequest) -> JsonResponse:
    sent, account = sent_in(request, "text"), _account(request)
    if isinstance(sent, JsonResponse) or account is None:
        return sent if isinstance(sent, JsonResponse) else JsonResponse({"detail": "Log in first."}, status=401)
    return JsonResponse({"id": Comment.objects.create(account=account, **sent).pk}, status=201)
