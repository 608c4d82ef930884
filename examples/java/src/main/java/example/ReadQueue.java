package example;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads a queue from its beginning and keeps the list of cases that wait at one centre: the arguments are the bootstrap
 * address, the queue's topic and the centre's code.
 */
public final class ReadQueue {

    /** What this list needs of a record. {@code history} is raised when a database was put back to an older state. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record QueueRecord(
            String kind,
            String centre,
            String priority,
            int history,
            @JsonProperty("case_id") String caseId,
            @JsonProperty("case_version") int caseVersion,
            @JsonProperty("event_id") String eventId,
            @JsonProperty("next_deadline") String nextDeadline) {

        static final Comparator<QueueRecord> BY_AGE =
                Comparator.comparingInt(QueueRecord::history).thenComparingInt(QueueRecord::caseVersion);
    }

    /** The cases of one centre. Of each case the newest state holds; a double or a late record changes nothing. */
    static final class Waiting {
        private final String centre;
        private final Map<String, QueueRecord> newest = new HashMap<>();

        Waiting(String centre) {
            this.centre = centre;
        }

        /** Whether the record tells something new. */
        boolean take(QueueRecord record) {
            if (!record.centre().equals(centre)) {
                return false;
            }
            var known = newest.get(record.caseId());
            if (known != null && QueueRecord.BY_AGE.compare(record, known) <= 0) {
                return false;
            }
            newest.put(record.caseId(), record);
            return true;
        }

        /** How many wait: a withdrawn case has left this queue or this centre. */
        long size() {
            return newest.values().stream().filter(record -> record.kind().equals("assigned")).count();
        }
    }

    private ReadQueue() {}

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
            System.err.println("usage: ReadQueue BOOTSTRAP TOPIC CENTRE");
            System.exit(1);
        }
        var bootstrap = told[0];
        var topic = told[1];
        var waiting = new Waiting(told[2]);

        var json = new ObjectMapper();
        var settings = new HashMap<>(account());
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        try (var queue = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            var partitions = queue.partitionsFor(topic).stream()
                    .map(found -> new TopicPartition(topic, found.partition()))
                    .toList();
            queue.assign(partitions);
            queue.seekToBeginning(partitions);
            while (true) {
                for (var message : queue.poll(Duration.ofSeconds(1))) {
                    var record = json.readValue(message.value(), QueueRecord.class);
                    if (waiting.take(record)) {
                        System.out.printf("%s %s %s %s %s waiting %d%n",
                                record.kind(), record.caseId(), record.eventId(), record.priority(),
                                record.nextDeadline(), waiting.size());
                    }
                }
            }
        }
    }
}
