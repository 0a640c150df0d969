"""What an email address may be, and when two are the same mailbox to us."""

from noughts.kit.errors import Conflict, FieldError, Invalid

LONGEST = 254
LONGEST_LOCAL = 64


class EmailTaken(Conflict):
    """That email address belongs to another account."""

    @classmethod
    def here(cls) -> "EmailTaken":
        """Return the problem, pointing at the member."""
        detail = "That email address is taken."
        return cls(detail, errors=(FieldError("#/email", "taken", detail),))


def check(email: str) -> str:
    """Return the normalized address; raises Invalid unless mail could be sent there (no lookup is made)."""
    from email_validator import EmailNotValidError, validate_email

    if len(email) > LONGEST or len(email.rpartition("@")[0]) > LONGEST_LOCAL:
        raise Invalid.field(
            "#/email",
            "length",
            f"An email address has at most {LONGEST} characters, {LONGEST_LOCAL} of them before the @.",
        )
    try:
        return validate_email(
            email, check_deliverability=False, allow_quoted_local=False, test_environment=True
        ).normalized
    except EmailNotValidError:
        raise Invalid.field("#/email", "email", "This is not an email address.") from None


def key(email: str) -> str:
    """Return what is unique about an address: lower-cased local part, domain in IDNA's ASCII form."""
    import idna

    local, _, domain = email.rpartition("@")
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        ascii_domain = domain
    return f"{local.lower()}@{ascii_domain.lower()}"
