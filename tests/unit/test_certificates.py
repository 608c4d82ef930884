"""The broker's certificate: for whom it is, how long it lives, when it is drawn anew."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from pipeline.adapters.certificates import BROKER_LIVES, RENEWED_BEFORE, draw_authority, draw_broker

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HOSTS = ("kafka", "localhost")


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    assert draw_authority(tmp_path, NOW)
    return tmp_path


def believed(authority: Path, broker: Path, host: str) -> bool:
    trusted = Store([x509.load_pem_x509_certificate((authority / "ca.pem").read_bytes())])
    verifier = PolicyBuilder().store(trusted).time(NOW).build_server_verifier(x509.DNSName(host))
    leaf, *others = x509.load_pem_x509_certificates(broker.read_bytes())
    try:
        verifier.verify(leaf, others)
    except VerificationError:
        return False
    return True


def test_it_is_believed_for_its_hosts_and_for_no_other(authority: Path) -> None:
    out = authority / "broker.pem"
    assert draw_broker(authority, out, HOSTS, NOW)
    assert [believed(authority, out, host) for host in (*HOSTS, "elsewhere")] == [True, True, False]


def test_another_authority_does_not_vouch_for_it(authority: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    draw_authority(other, NOW)
    draw_broker(authority, authority / "broker.pem", HOSTS, NOW)
    assert not believed(other, authority / "broker.pem", "kafka")


def test_keys_are_for_their_owner_alone_unless_the_broker_runs_as_another(authority: Path) -> None:
    draw_broker(authority, authority / "own.pem", HOSTS, NOW)
    draw_broker(authority, authority / "shared.pem", HOSTS, NOW, 0o440)
    modes = {name: (authority / name).stat().st_mode & 0o777 for name in ("ca.key", "own.pem", "shared.pem", "ca.pem")}
    assert modes == {"ca.key": 0o600, "own.pem": 0o600, "shared.pem": 0o440, "ca.pem": 0o644}


def test_what_is_there_stays_until_it_ends_soon_or_is_for_other_hosts(authority: Path) -> None:
    out = authority / "broker.pem"
    soon = NOW + BROKER_LIVES - RENEWED_BEFORE
    assert not draw_authority(authority, NOW)
    assert draw_broker(authority, out, HOSTS, NOW)
    assert not draw_broker(authority, out, HOSTS, soon - timedelta(hours=1))
    assert draw_broker(authority, out, HOSTS, soon + timedelta(hours=1))
    assert draw_broker(authority, out, (*HOSTS, "127.0.0.1"), soon)
    out.write_bytes(b"cut off")
    assert draw_broker(authority, out, HOSTS, NOW)


def test_a_library_can_load_what_was_drawn(authority: Path) -> None:
    out = authority / "broker.pem"
    draw_broker(authority, out, ("127.0.0.1",), NOW)
    context = ssl.create_default_context(cafile=authority / "ca.pem")
    context.load_cert_chain(out)
    assert len(context.get_ca_certs()) == 1
