"""The admin's list of staff."""

from django.contrib import admin

from racelab.attendance.models import Staff


@admin.register(Staff)
class StaffAdmin(admin.ModelAdmin):
    list_display = ("user", "department", "phone", "barcode", "created_at")
    search_fields = ("user__username", "barcode")
