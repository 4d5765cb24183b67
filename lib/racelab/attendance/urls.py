"""Addresses of the attendance project."""

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import path

from racelab.attendance import views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("register/", views.register, name="register"),
    path(
        "login/",
        LoginView.as_view(template_name="racelab/form.html", extra_context={"heading": "Log in"}),
        name="login",
    ),
    path("my-barcode/", views.my_barcode, name="my-barcode"),
    path("barcode-scan/", views.barcode_scan, name="barcode-scan"),
    path("admin/", admin.site.urls),
]
