"""Addresses of the logistics project."""

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import path

from racelab.logistics import views

urlpatterns = [
    path("accounts/customer/register/", views.customer_register, name="customer-register"),
    path("accounts/staff/register/", views.staff_register, name="staff-register"),
    path(
        "accounts/login/",
        LoginView.as_view(template_name="racelab/form.html", extra_context={"heading": "Log in"}),
        name="login",
    ),
    path("accounts/welcome/", views.welcome, name="welcome"),
    path("accounts/profile/", views.profile, name="profile"),
    path("shipments/new/", views.book, name="book"),
    path("admin/", admin.site.urls),
]
