"""The forms people fill in."""

from django import forms


class RegistrationForm(forms.Form):
    username = forms.CharField(max_length=150, strip=False)
    email = forms.CharField(max_length=254, strip=False)
    password = forms.CharField(widget=forms.PasswordInput)
    department = forms.CharField(max_length=100)
    phone = forms.CharField(max_length=30)


class ScanForm(forms.Form):
    code = forms.CharField(max_length=20)
