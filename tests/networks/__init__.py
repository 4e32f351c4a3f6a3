"""Social networks to test against: small servers that keep to what each network documents."""
