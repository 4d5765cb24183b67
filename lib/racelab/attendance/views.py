"""The pages; what differs between broken and fixed stands in those two modules."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from racelab.attendance.barcodes import picture
from racelab.attendance.forms import RegistrationForm, ScanForm
from racelab.attendance.models import SignIn, Staff

mode = import_module(f"racelab.attendance.{settings.MODE}")
APOLOGY = "An error occurred during registration. Please try again."


def register(request: HttpRequest) -> HttpResponse:
    form = RegistrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = mode.register(**form.cleaned_data)
        if user:
            login(request, user)
            return redirect("dashboard")
        messages.error(request, APOLOGY if settings.MODE == "broken" else "You have an account already. Please log in.")
    return render(request, "racelab/form.html", {"form": form, "heading": "Register"})


@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    codes = Staff.objects.filter(user=request.user, barcode__isnull=False).values_list("barcode", flat=True)
    text = f"Welcome, {request.user}. Your barcode: {codes.first() or 'none yet'}."
    return render(request, "racelab/page.html", {"heading": "Dashboard", "text": text})


@login_required
def my_barcode(request: HttpRequest) -> HttpResponse:
    """The person's code. Somebody without one, or with two staff rows, meets the damage here."""
    code = Staff.objects.get(user=request.user).barcode or ""
    told = {
        "heading": "My barcode",
        "code": code,
        "picture": picture(code) if code else "",
        "text": "Show it at the door.",
    }
    if not code:
        told["text"] = "You have no barcode yet."
    return render(request, "racelab/page.html", told)


def barcode_scan(request: HttpRequest) -> HttpResponse:
    """Take a scanned code and sign its owner in, or out again."""
    form = ScanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        staff = Staff.objects.filter(barcode=form.cleaned_data["code"]).order_by("pk").first()
        if staff is None:
            messages.error(request, "Unknown barcode.")
            return render(request, "racelab/form.html", {"form": form, "heading": "Scan"}, status=404)
        last = SignIn.objects.filter(staff=staff).order_by("-pk").first()
        direction = "out" if last and last.direction == "in" else "in"
        by = request.user if request.user.is_authenticated else None
        SignIn.objects.create(staff=staff, scanned_by=by, direction=direction)
        messages.success(request, f"{staff.user.username} signed {direction}.")
    return render(request, "racelab/form.html", {"form": form, "heading": "Scan"})
