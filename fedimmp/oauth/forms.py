"""The forms of this edge."""

from marshmallow import fields

from fedimmp.web.forms import Boolean, Schema, Text


class AppForm(Schema):
    """POST /api/v1/apps."""

    client_name = Text(60, minimum=1, strip=True, required=True)
    redirect_uris = fields.Raw(required=True)
    # Scopes in a list are passed over, as Mastodon does.
    scopes = fields.Raw(load_default=None)
    website = Text(2000, strip=True, load_default="")


class AuthorizationForm(Schema):
    """The parameters of GET and POST /oauth/authorize."""

    response_type = Text(100, load_default="")
    client_id = Text(200, load_default="")
    redirect_uri = Text(2000, load_default="")
    scope = Text(2000, load_default="")
    state = Text(4000, load_default=None)
    code_challenge = Text(200, load_default="")
    code_challenge_method = Text(20, load_default="")
    force_login = Boolean(load_default=None)


class ConsentForm(AuthorizationForm):
    """What the consent page sends besides."""

    csrf_token = Text(200, load_default="")
    decision = Text(20, load_default="")


class TokenForm(Schema):
    """POST /oauth/token and /oauth/revoke."""

    grant_type = Text(100, load_default="")
    client_id = Text(200, load_default="")
    client_secret = Text(200, load_default="")
    code = Text(200, load_default="")
    redirect_uri = Text(2000, load_default="")
    code_verifier = Text(200, load_default="")
    scope = Text(2000, load_default="")
    token = Text(200, load_default="")


class SignInForm(Schema):
    """POST /auth/sign_in."""

    login = Text(320, strip=True, load_default="")
    password = Text(1024, load_default="")
    csrf_token = Text(200, load_default="")
    return_to = Text(8000, load_default="")


class SignOutForm(Schema):
    """POST /auth/sign_out."""

    csrf_token = Text(200, load_default="")


class SignUpForm(Schema):
    """POST /auth/sign_up; what is too long for its field is said by the use-case."""

    username = Text(1000, strip=True, load_default="")
    email = Text(1000, strip=True, load_default="")
    password = Text(10_000, load_default="")
    agreement = Boolean(load_default=None)
    reason = Text(20_000, strip=True, load_default="")
    csrf_token = Text(200, load_default="")


class LinkForm(Schema):
    """/auth/confirmation: the secret of a link that was sent by mail."""

    token = Text(200, load_default="")
    csrf_token = Text(200, load_default="")


class AddressForm(Schema):
    """POST /auth/password/new and /auth/confirmation/new."""

    email = Text(320, strip=True, load_default="")
    csrf_token = Text(200, load_default="")


class PasswordForm(LinkForm):
    """POST /auth/password/edit."""

    password = Text(10_000, load_default="")


class ChangeForm(AddressForm):
    """POST /auth/email."""

    password = Text(10_000, load_default="")
