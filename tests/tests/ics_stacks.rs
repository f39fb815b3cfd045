//! Industrial stacks of others, client and server: every operation that was asked for is read, and none besides.

use pcap::{Capture, Error};
use picket_event::{Body, Endpoints, FlowRef, Method, Protocol};
use picket_tests::golden::events;
use picket_tests::namespace::{ip, run_inside};
use picket_tests::place::{repository, skip};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The longest that a conversation may take, seconds.
const PATIENCE: &str = "20";
/// Conversations begun at most. On a busy machine a stack's own client runs into its own time limits; that says nothing
/// of what is read. A conversation that ended well is compared once, and has to agree.
const ROUNDS: u32 = 3;
/// With what `tests/make/ics-stacks` ends where the stack is not installed.
const NOT_INSTALLED: i32 = 3;

/// What was said, as the script tells it.
#[derive(serde::Deserialize)]
struct Said {
    port: u16,
    operations: BTreeMap<String, u32>,
}

/// One test for each stack: its name, what the script calls it, its protocol, what others call it, its golden capture.
macro_rules! stacks {
    ($($test:ident: $stack:literal, $protocol:ident, $name:literal, $golden:literal;)*) => {
        /// The protocols that are held to a stack of others, its name, and its golden capture.
        pub(crate) const STACKS: &[(Protocol, &str, &str)] = &[$((Protocol::$protocol, $name, $golden),)*];

        $(#[test]
        fn $test() {
            agrees(stringify!($test), $stack, &Protocol::$protocol, $golden);
        })*
    };
}

stacks! {
    modbus_of_pymodbus: "modbus", MODBUS, "pymodbus", "modbus/golden/pymodbus.pcap";
    modbus_rtu_of_pymodbus: "modbus_rtu", MODBUS, "pymodbus", "modbus/golden/rtu-pymodbus.pcap";
    opcua_of_asyncua: "opcua", OPCUA, "asyncua", "opcua/golden/asyncua.pcap";
    iec104_of_lib60870: "iec104", IEC104, "lib60870 (c104)", "iec104/golden/lib60870.pcap";
    s7comm_of_snap7: "s7comm", S7COMM, "python-snap7", "s7comm/golden/snap7.pcap";
    bacnet_of_bacpypes: "bacnet", BACNET, "bacpypes3", "bacnet/golden/bacpypes3.pcap";
    enip_of_cpppo: "enip", ENIP, "cpppo", "enip/golden/cpppo.pcap";
    enip_of_pycomm3: "enip_connected", ENIP, "pycomm3 with cpppo", "enip/golden/pycomm3.pcap";
    mms_of_libiec61850: "mms", MMS, "libiec61850", "mms/golden/libiec61850.pcap";
    dnp3_of_opendnp3: "dnp3", DNP3, "opendnp3", "dnp3/golden/opendnp3.pcap";
    melsec_of_pymcprotocol: "melsec", MELSEC, "pymcprotocol", "melsec/golden/pymcprotocol.pcap";
    hart_ip_of_hartip_py: "hart_ip", HART_IP, "hartip-py", "hart_ip/golden/hartip-py.pcap";
    knxip_of_xknx: "knxip", KNXIP, "xknx", "knxip/golden/xknx.pcap";
    ads_of_pyads: "ads", ADS, "pyads", "ads/golden/pyads.pcap";
    fins_of_fins: "fins", FINS, "fins", "fins/golden/fins.pcap";
    synchrophasor_of_pypmu: "synchrophasor", SYNCHROPHASOR, "pypmu", "synchrophasor/golden/pypmu.pcap";
    s7comm_plus_of_s7commplus: "s7comm_plus", S7COMM_PLUS, "s7commplus", "s7comm_plus/golden/s7commplus.pcap";
    bacnet_of_rusty_bacnet: "bacnet_rusty", BACNET, "rusty-bacnet", "bacnet/golden/rusty-bacnet.pcap";
    coap_of_aiocoap: "coap", COAP, "aiocoap", "coap/golden/aiocoap.pcap";
    coap_tcp_of_aiocoap: "coap_tcp", COAP, "aiocoap", "coap/golden/aiocoap-tcp.pcap";
    doip_of_doipclient: "doip", DOIP, "doipclient", "doip/golden/doipclient.pcap";
    dlms_of_gurux: "dlms", DLMS, "gurux_dlms", "dlms/golden/gurux.pcap";
    mqtt_of_paho: "mqtt", MQTT, "paho-mqtt with mosquitto", "mqtt/golden/paho.pcap";
    mqtt5_of_paho: "mqtt5", MQTT, "paho-mqtt with mosquitto", "mqtt/golden/paho-5.pcap";
    sparkplug_of_mqtt_spb_wrapper: "sparkplug", MQTT, "mqtt-spb-wrapper", "mqtt/golden/mqtt-spb-wrapper.pcap";
}

/// Lets a stack speak in a namespace of its own, and compares what it says with what is read. With `PICKET_BLESS=1` what
/// was said becomes the dissector's golden capture.
fn agrees(test: &str, stack: &str, protocol: &Protocol, golden: &str) {
    let test = format!("ics_stacks::{test}");
    let python = repository().join("target/venv/bin/python");
    if !python.is_file() {
        return skip(&test, "its stack is not installed (make setup-peers)");
    }
    run_inside(&test, || {
        ip("link set lo up");
        let folder = tempfile::tempdir().unwrap();
        let script = repository().join("tests/make/ics-stacks");
        let mut failed = Vec::new();
        for round in 0..ROUNDS {
            let file = folder.path().join(format!("said-{round}.pcap"));
            let output = captured(&file, Command::new("timeout").arg(PATIENCE).arg(&python).arg(&script).arg(stack));
            if output.status.code() == Some(NOT_INSTALLED) {
                return skip(&test, "its stack is not installed (make setup-peers)");
            }
            if output.status.success() {
                let said: Said = serde_json::from_slice(&output.stdout).unwrap();
                compare(protocol, &said, &file);
                if std::env::var_os("PICKET_BLESS").is_some() {
                    std::fs::copy(&file, repository().join("common/dissect/src").join(golden)).unwrap();
                }
                return;
            }
            failed.push(output);
        }
        panic!("the stack never got through its conversation: {failed:?}");
    });
}

fn compare(protocol: &Protocol, said: &Said, file: &Path) {
    let mut read: BTreeMap<String, u32> = BTreeMap::new();
    let mut flows = 0;
    for event in events(file) {
        match &event.body {
            Body::Ics(ics) => {
                assert_eq!(&ics.protocol, protocol, "{ics:?}");
                *read.entry(format!("{}/{}", ics.operation, ics.kind)).or_default() += ics.count;
            }
            Body::Flow(flow) => {
                let Some(FlowRef { endpoints: Endpoints::Ip { dest_port, .. }, .. }) = event.flow else {
                    panic!("a flow below IP: {flow:?}");
                };
                assert_eq!(dest_port, said.port, "{flow:?}");
                assert_eq!(&flow.app.protocol, protocol, "{flow:?}");
                assert_eq!(flow.app.method, Some(Method::Fingerprint), "{flow:?}");
                flows += 1;
            }
            _ => {}
        }
    }
    assert_eq!(read, said.operations, "left what is read, right what was said");
    assert_eq!(flows, 1, "one conversation is one flow");
}

/// Runs a program while everything on the loopback interface goes to `file`.
fn captured(file: &Path, program: &mut Command) -> Output {
    // Room for every frame of a conversation, each as large as the interface lets it be.
    let inactive = Capture::from_device("lo").unwrap().snaplen(1 << 17).buffer_size(1 << 26).timeout(20);
    let mut capture = inactive.open().unwrap().setnonblock().unwrap();
    let mut saved = capture.savefile(file).unwrap();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            loop {
                let last = ended.load(Ordering::Acquire);
                match capture.next_packet() {
                    Ok(packet) => saved.write(&packet),
                    Err(Error::TimeoutExpired) if last => break,
                    Err(Error::TimeoutExpired) => std::thread::sleep(Duration::from_millis(5)),
                    Err(error) => panic!("{error}"),
                }
            }
            saved.flush().unwrap();
            assert_eq!(capture.stats().unwrap().dropped, 0, "frames that the capture lost");
        });
        let output = program.output().unwrap();
        // The last frames come with the kernel's next block.
        std::thread::sleep(Duration::from_millis(300));
        ended.store(true, Ordering::Release);
        writer.join().unwrap();
        output
    })
}
