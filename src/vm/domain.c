/* SPDX-License-Identifier: Apache-2.0
 * domain: see domain_priv.h. */
#include "vm/domain_priv.h"
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include "base/clock.h"
#include "base/banned.h"

#define METADATA_URI "urn:slipway:vm:1"
#define POLL_US      100000
#define AGENT_S      10
#define OFF_TRIES    50
#define SHUT_DOWN_MS 120000

struct Domain {
    virConnectPtr connection; /* owned */
    virDomainPtr domain;      /* owned */
    char *name;               /* owned */
    unsigned started_id;      /* of the start that is ours; 0: none */
    bool has_memory;          /* what was reverted to was a running machine */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomainSnapshot, virDomainSnapshotFree)

static bool
set_libvirt(GError **error, int code, const char *what, const char *name)
{
    const char *why = virGetLastErrorMessage();
    g_autofree char *line = error_printable(why != NULL ? why : "no reason was given");

    error_set(error, BASE_ERROR, code, "cannot %s '%s': %s", what, name, line);
    return false;
}

static void
be_silent(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

Domain *
domain_open(const char *uri, const char *name, GError **error)
{
    g_autoptr(Domain) domain = g_new0(Domain, 1);

    virSetErrorFunc(NULL, be_silent);
    domain->name = g_strdup(name);
    domain->connection = virConnectOpen(uri);
    if (domain->connection == NULL) {
        set_libvirt(error, BASE_ERROR_UNAVAILABLE, "reach hypervisor", uri);
        return NULL;
    }
    domain->domain = virDomainLookupByName(domain->connection, name);
    if (domain->domain == NULL) {
        set_libvirt(error, BASE_ERROR_NOT_FOUND, "find domain", name);
        return NULL;
    }
    return g_steal_pointer(&domain);
}

void
domain_free(Domain *domain)
{
    if (domain == NULL)
        return;
    if (domain->domain != NULL)
        virDomainFree(domain->domain);
    if (domain->connection != NULL)
        virConnectClose(domain->connection);
    g_free(domain->name);
    g_free(domain);
}

/* ---- snapshots --------------------------------------------------------------------------------- */

/* N of NAME.N, 0 of NAME, -1 of another name. */
static int64_t
generation_of(const char *full, const char *name)
{
    size_t len = strlen(name);
    guint64 n = 0;

    if (strncmp(full, name, len) != 0)
        return -1;
    if (full[len] == '\0')
        return 0;
    if (full[len] != '.' ||
        !g_ascii_string_to_unsigned(full + len + 1, 10, 1, G_MAXINT32, &n, NULL))
        return -1;
    return (int64_t)n;
}

static void
free_snapshots(virDomainSnapshotPtr *list, int n)
{
    for (int i = 0; i < n; i++)
        if (list[i] != NULL)
            virDomainSnapshotFree(list[i]);
    free(list); /* libvirt's, not GLib's */
}

/* The newest; NULL: there is none of that name. */
static virDomainSnapshotPtr
newest_snapshot(Domain *domain, const char *name, int64_t *generation_out)
{
    virDomainSnapshotPtr *list = NULL;
    int n = virDomainListAllSnapshots(domain->domain, &list, 0);
    virDomainSnapshotPtr newest = NULL;
    int64_t best = -1;

    for (int i = 0; i < n; i++) {
        int64_t generation = generation_of(virDomainSnapshotGetName(list[i]), name);

        if (generation <= best)
            continue;
        best = generation;
        newest = list[i];
    }
    if (newest != NULL)
        virDomainSnapshotRef(newest);
    if (n >= 0)
        free_snapshots(list, n);
    *generation_out = best;
    return newest;
}

static bool
delete_older(Domain *domain, const char *name, int64_t newest, unsigned keep, GError **error)
{
    virDomainSnapshotPtr *list = NULL;
    int n = virDomainListAllSnapshots(domain->domain, &list, 0);
    bool ok = n >= 0;

    for (int i = 0; ok && i < n; i++) {
        int64_t generation = generation_of(virDomainSnapshotGetName(list[i]), name);

        if (generation >= 0 && generation <= newest - (int64_t)keep)
            ok = virDomainSnapshotDelete(list[i], 0) == 0;
    }
    if (!ok)
        set_libvirt(error, BASE_ERROR_IO, "delete a snapshot of", domain->name);
    if (n >= 0)
        free_snapshots(list, n);
    return ok;
}

bool
domain_take_snapshot(Domain *domain, const char *name, unsigned keep, char **made_out,
                     GError **error)
{
    int64_t generation = -1;
    g_autoptr(virDomainSnapshot) before = newest_snapshot(domain, name, &generation);
    (void)before;

    if (!domain->has_memory && domain_is_running(domain) &&
        !domain_shut_down(domain, SHUT_DOWN_MS, error))
        return false;
    g_autofree char *made = g_strdup_printf("%s.%" G_GINT64_FORMAT, name, MAX(generation, 0) + 1);
    g_autofree char *xml =
        g_strdup_printf("<domainsnapshot><name>%s</name></domainsnapshot>", made);
    g_autoptr(virDomainSnapshot) taken = virDomainSnapshotCreateXML(domain->domain, xml, 0);

    if (taken == NULL)
        return set_libvirt(error, BASE_ERROR_IO, "take a snapshot of", domain->name);
    *made_out = g_steal_pointer(&made);
    return delete_older(domain, name, MAX(generation, 0) + 1, keep, error);
}

/* ---- power ------------------------------------------------------------------------------------- */

bool
domain_is_running(const Domain *domain)
{
    return virDomainIsActive(domain->domain) == 1;
}

bool
domain_off(Domain *domain, GError **error)
{
    for (int i = 0; i < OFF_TRIES; i++) {
        int active = virDomainIsActive(domain->domain);

        if (active == 0)
            return true;
        if (active < 0)
            break;
        if (virDomainDestroy(domain->domain) != 0 && virDomainIsActive(domain->domain) == 1)
            g_usleep(POLL_US); /* another call holds it: a start that is under way */
    }
    return set_libvirt(error, BASE_ERROR_IO, "power off domain", domain->name);
}

/* The number of its present start: another each time; 0: off. An object of libvirt keeps the one it was made with. */
static unsigned
current_id(const Domain *domain)
{
    virDomainPtr now = virDomainLookupByName(domain->connection, domain->name);
    unsigned id = now == NULL ? (unsigned)-1 : virDomainGetID(now);

    if (now != NULL)
        virDomainFree(now);
    return id == (unsigned)-1 ? 0 : id;
}

bool
domain_off_if_ours(Domain *domain, GError **error)
{
    if (domain->started_id == 0 || current_id(domain) != domain->started_id)
        return true;
    return domain_off(domain, error);
}

bool
domain_shut_down(Domain *domain, int timeout_ms, GError **error)
{
    int64_t end = clock_monotonic_us() + (int64_t)timeout_ms * 1000;

    if (virDomainShutdown(domain->domain) != 0 && domain_is_running(domain))
        return set_libvirt(error, BASE_ERROR_IO, "shut down domain", domain->name);
    while (domain_is_running(domain)) {
        if (clock_monotonic_us() > end) {
            error_set(error, BASE_ERROR, BASE_ERROR_TIMEOUT, "domain '%s' does not shut down",
                      domain->name);
            return false;
        }
        g_usleep(POLL_US);
    }
    return true;
}

/* The domain's description with every disk's changes to be forgotten. Owned; NULL on error. */
static char *
transient_xml(Domain *domain)
{
    char *xml =
        virDomainGetXMLDesc(domain->domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
    g_autoptr(GString) text = g_string_new(NULL);

    if (xml == NULL)
        return NULL;
    for (const char *at = xml; *at != '\0';) {
        const char *disk = strstr(at, "<disk ");
        const char *end = disk == NULL ? NULL : strstr(disk, "</disk>");

        if (end == NULL) {
            g_string_append(text, at);
            break;
        }
        g_autofree char *one = g_strndup(disk, (size_t)(end - disk));
        g_string_append_len(text, at, end - at);
        if (strstr(one, "device='disk'") != NULL && strstr(one, "<transient") == NULL &&
            strstr(one, "<readonly/>") == NULL)
            g_string_append(text, "<transient/>");
        g_string_append(text, "</disk>");
        at = end + strlen("</disk>");
    }
    free(xml);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool
start_fresh(Domain *domain, GError **error)
{
    g_autofree char *xml = transient_xml(domain);
    virDomainPtr started = xml == NULL ? NULL : virDomainCreateXML(domain->connection, xml, 0);

    if (started == NULL)
        return set_libvirt(error, BASE_ERROR_IO, "start domain", domain->name);
    virDomainFree(started);
    return true;
}

static bool
revert(Domain *domain, const char *name, char **used_out, GError **error)
{
    int64_t generation = -1;
    g_autoptr(virDomainSnapshot) snapshot = newest_snapshot(domain, name, &generation);

    if (snapshot == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "domain '%s' has no snapshot '%s'",
                  domain->name, name);
        return false;
    }
    if (virDomainRevertToSnapshot(snapshot, VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING) != 0)
        return set_libvirt(error, BASE_ERROR_IO, "revert domain", domain->name);
    if (!domain_is_running(domain) &&
        virDomainCreate(domain->domain) != 0) /* not every hypervisor heeds the flag */
        return set_libvirt(error, BASE_ERROR_IO, "start domain", domain->name);
    char *xml = virDomainSnapshotGetXMLDesc(snapshot, 0);

    domain->has_memory = xml != NULL && strstr(xml, "<state>running</state>") != NULL;
    free(xml);
    if (used_out != NULL)
        *used_out = g_strdup(virDomainSnapshotGetName(snapshot));
    return true;
}

bool
domain_boot(Domain *domain, const char *snapshot, char **used_out, GError **error)
{
    if (!domain_off(domain, error))
        return false;
    if (snapshot != NULL ? !revert(domain, snapshot, used_out, error) : !start_fresh(domain, error))
        return false;
    domain->started_id = current_id(domain);
    return true;
}

/* ---- the way there ----------------------------------------------------------------------------- */

/* The value of an attribute of our element in the domain's metadata. Owned; NULL: none. */
static char *
metadata_attribute(const Domain *domain, const char *attribute)
{
    char *xml = virDomainGetMetadata(domain->domain, VIR_DOMAIN_METADATA_ELEMENT, METADATA_URI, 0);
    g_autofree char *start = g_strconcat(" ", attribute, "=", NULL);
    const char *at = xml == NULL ? NULL : strstr(xml, start);
    const char *value = at == NULL ? NULL : at + strlen(start) + 1;
    const char *end = value == NULL ? NULL : strchr(value, value[-1]);
    char *found = end == NULL ? NULL : g_strndup(value, (size_t)(end - value));

    free(xml);
    return found;
}

static char *
interface_address(const Domain *domain, unsigned source)
{
    virDomainInterfacePtr *list = NULL;
    int n = virDomainInterfaceAddresses(domain->domain, &list, source, 0);
    char *found = NULL;

    for (int i = 0; i < n; i++) {
        for (unsigned k = 0; k < list[i]->naddrs && found == NULL; k++) {
            const char *address = list[i]->addrs[k].addr;

            if (list[i]->addrs[k].type == VIR_IP_ADDR_TYPE_IPV4 &&
                !g_str_has_prefix(address, "127."))
                found = g_strdup(address);
        }
        virDomainInterfaceFree(list[i]);
    }
    free(list);
    return found;
}

char *
domain_find_address(const Domain *domain)
{
    char *found = metadata_attribute(domain, "address");

    if (found == NULL)
        found = interface_address(domain, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE);
    if (found == NULL)
        found = interface_address(domain, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT);
    return found;
}

char *
domain_find_host_key(const Domain *domain)
{
    return metadata_attribute(domain, "host-key");
}

char *
domain_ask_agent(Domain *domain, const char *command, GError **error)
{
    char *answer = virDomainQemuAgentCommand(domain->domain, command, AGENT_S, 0);
    char *copy = g_strdup(answer);

    free(answer);
    if (copy == NULL)
        set_libvirt(error, BASE_ERROR_UNAVAILABLE, "ask the guest agent of", domain->name);
    return copy;
}
