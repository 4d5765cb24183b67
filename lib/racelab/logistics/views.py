"""The pages; what differs between broken and fixed stands in those two modules."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from importlib import import_module

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from racelab.logistics.forms import CustomerForm, ProfileForm, ShipmentForm, StaffForm
from racelab.logistics.models import CustomerProfile, Invoice, Shipment

mode = import_module(f"racelab.logistics.{settings.MODE}")
TAKEN = "This name or address already exists. If it is yours, please log in."


def customer_register(request: HttpRequest) -> HttpResponse:
    return _register(request, CustomerForm, mode.register_customer, "Register as a customer")


def staff_register(request: HttpRequest) -> HttpResponse:
    return _register(request, StaffForm, mode.register_staff, "Register as staff")


def _register(
    request: HttpRequest, form_class: type[forms.Form], register: Callable[..., User | None], heading: str
) -> HttpResponse:
    form = form_class(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = register(**form.cleaned_data)
        if user:
            login(request, user)
            return redirect("welcome")
        messages.error(request, TAKEN)
    return render(request, "racelab/form.html", {"form": form, "heading": heading})


@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    return render(request, "racelab/page.html", {"heading": "Welcome", "text": f"You are {request.user}."})


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Where somebody who got in after all completes what the failed registration lost."""
    form = ProfileForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        CustomerProfile.objects.filter(user=request.user).update(**form.cleaned_data)
        return redirect("welcome")
    return render(request, "racelab/form.html", {"form": form, "heading": "My profile"})


@login_required
def book(request: HttpRequest) -> HttpResponse:
    """Book a shipment; the billing system writes its invoice with the user's bare number."""
    form = ShipmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        customer = CustomerProfile.objects.filter(user=request.user).order_by("pk").first()
        if customer is None:
            messages.error(request, "Only customers book shipments.")
            return redirect("welcome")
        shipment = Shipment.objects.create(customer=customer, booked_by=request.user, **form.cleaned_data)
        Invoice.objects.create(customer_ref=request.user.pk, shipment=shipment, amount=Decimal("12.50"))
        return redirect("welcome")
    return render(request, "racelab/form.html", {"form": form, "heading": "Book a shipment"})
