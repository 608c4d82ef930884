package example;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Sends one report to the topic of its source, and says where it stands: the arguments are the bootstrap address, the
 * source's code and the topic.
 */
public final class SendReport {

    private SendReport() {}

    /**
     * Who we are at the broker: KAFKA_USER, KAFKA_PASSWORD and KAFKA_CA_FILE of the environment, as the bureau gave them;
     * nobody, without encryption, where there is no KAFKA_USER, as on a machine of one's own.
     */
    static Map<String, Object> account() {
        var user = System.getenv("KAFKA_USER");
        if (user == null) {
            return Map.of();
        }
        var login = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";";
        var settings = new HashMap<String, Object>();
        settings.put("security.protocol", "SASL_SSL");
        settings.put("sasl.mechanism", "SCRAM-SHA-512");
        settings.put("sasl.jaas.config", login.formatted(user, System.getenv("KAFKA_PASSWORD")));
        var authority = System.getenv("KAFKA_CA_FILE");
        if (authority != null) {
            settings.put("ssl.truststore.type", "PEM");
            settings.put("ssl.truststore.location", authority);
        }
        return settings;
    }

    public static void main(String[] told) throws Exception {
        if (told.length != 3) {
            System.err.println("usage: SendReport BOOTSTRAP SOURCE TOPIC");
            System.exit(1);
        }
        var bootstrap = told[0];
        var source = told[1];
        var topic = told[2];

        var event = inventedReport(source);
        var json = new ObjectMapper().writeValueAsString(event);
        var message = new ProducerRecord<>(topic, source, json);
        message.headers().add("content-type",
                "application/cloudevents+json; charset=utf-8".getBytes(StandardCharsets.UTF_8));

        var settings = new HashMap<>(account());
        settings.putAll(Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                ProducerConfig.ACKS_CONFIG, "all",
                ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true));
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            var stands = producer.send(message).get();
            System.out.printf("event %s stands at %s/%d/%d%n",
                    event.get("id"), stands.topic(), stands.partition(), stands.offset());
        }
    }

    /** Keep the event as it is until it is acknowledged: sent again with the same id it counts once. */
    private static Map<String, Object> inventedReport(String source) {
        var now = OffsetDateTime.now().format(DateTimeFormatter.ISO_OFFSET_DATE_TIME);
        var victim = Map.of(
                "role", "victim",
                "name", "測試童",
                "birth_date", "民國110年5月9日",
                "address", "臺北市信義區市府路1號");
        var data = Map.of(
                "report_no", source + "-" + UUID.randomUUID().toString().substring(0, 8),
                "channel", "hotline",
                "received_at", now,
                "categories", List.of("child_protection"),
                "persons", List.of(victim),
                "indicators", List.of("injury_visible"));
        return Map.of(
                "specversion", "1.0",
                "id", UUID.randomUUID().toString(),
                "source", "/sources/" + source,
                "type", "report.submitted.v1",
                "time", now,
                "data", data);
    }
}
