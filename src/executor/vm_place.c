/* SPDX-License-Identifier: Apache-2.0
 * vm_place: see vm_place_priv.h. */
#include "executor/vm_place_priv.h"
#include <string.h>
#include "executor/remote.h"
#include "sys/suggest.h"
#include "base/banned.h"

#define ACCESS_SSH     "ssh"
#define ACCESS_AGENT   "agent"
#define ROOT_DEFAULT   "/slipway"
#define USER_DEFAULT   "root"
#define READY_S        300
#define READY_MAX_S    86400
#define DEAD_MAN_S     21600
#define DEAD_MAN_MAX_S (14u * 86400)
#define OFF_MS         120000

void
vm_place_clear(VmPlace *place)
{
    g_free(place->uri);
    g_free(place->domain);
    g_free(place->snapshot);
    g_free(place->address);
    g_free(place->user);
    g_free(place->key_file);
    g_free(place->host_key);
    g_free(place->job_user);
    g_free(place->root);
}

/* The text of a setting, @otherwise where there is none. Owned. */
static char *
dup_setting(const json_t *settings, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(settings, name));

    return g_strdup(text != NULL ? text : otherwise);
}

static bool
refuse(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the pool's settings: %s", why);
    return false;
}

/* The address is for one machine; a pool's says where the machine's name goes. Owned. */
static char *
address_of(const json_t *settings, const char *slot)
{
    const char *text = json_string_value(json_object_get(settings, "address"));
    g_auto(GStrv) parts = text == NULL ? NULL : g_strsplit(text, "{slot}", -1);

    return parts == NULL ? g_strdup("") : g_strjoinv(slot, parts);
}

bool
vm_place_init(VmPlace *place, const char *slot, const json_t *settings, GError **error)
{
    if (slot == NULL)
        return refuse(error, "an executor of machines needs a leased one");
    place->domain = g_strdup(slot);
    place->uri = dup_setting(settings, "uri", NULL);
    place->snapshot = dup_setting(settings, "snapshot", "");
    place->address = address_of(settings, slot);
    place->user = dup_setting(settings, "user", USER_DEFAULT);
    place->key_file = dup_setting(settings, "key-file", "");
    place->host_key = dup_setting(settings, "host-key", "");
    place->job_user = dup_setting(settings, "job-user", "");
    place->root = dup_setting(settings, "folder", ROOT_DEFAULT);
    if (place->uri == NULL)
        return refuse(error, "no 'uri' of a hypervisor, as qemu:///system");
    g_autofree char *access = dup_setting(settings, "access", ACCESS_SSH);

    place->agent = strcmp(access, ACCESS_AGENT) == 0;
    if (!place->agent && strcmp(access, ACCESS_SSH) != 0)
        return refuse(error, "'access' is neither 'ssh' nor 'agent'");
    if (!place->agent && place->key_file[0] != '/')
        return refuse(error, "'key-file' is not an absolute path");
    if (!remote_root_is_good(place->root))
        return refuse(error, "'folder' is not an absolute path of A-Z a-z 0-9 / . _ -");
    return remote_setting_number(settings, "ready-timeout", READY_S, READY_MAX_S, &place->ready_s,
                                 error) &&
           remote_setting_number(settings, "dead-man", DEAD_MAN_S, DEAD_MAN_MAX_S,
                                 &place->dead_man_s, error);
}

/* A misspelt name would be passed over, and a misspelt 'host-key' is a machine that anybody can be. */
static bool
check_names(const json_t *settings, GError **error)
{
    static const char *const names[] = {
        "uri",          "snapshot",      "access",          "user",
        "key-file",     "address",       "host-key",        "job-user",
        "folder",       "ready-timeout", "dead-man",        "refresh-update",
        "refresh-test", "refresh-keep",  "refresh-timeout", "refresh-schedule",
    };
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach ((json_t *)settings, key, value) {
        const char *nearest = suggest_nearest(key, names, G_N_ELEMENTS(names));
        bool known = nearest != NULL && strcmp(nearest, key) == 0;

        if (!known) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "the pool's settings: there is no '%s' of a virtual machine%s%s%s", key,
                      nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                      nearest != NULL ? "'?" : "");
            return false;
        }
    }
    return true;
}

bool
vm_place_check_settings(const json_t *settings, GError **error)
{
    g_auto(VmPlace) place = { 0 };

    if (!check_names(settings, error) || !vm_place_init(&place, "machine", settings, error))
        return false;
    return json_object_get(settings, "refresh-schedule") == NULL ||
           (json_object_get(settings, "refresh-update") != NULL && place.snapshot[0] != '\0') ||
           refuse(error, "'refresh-schedule' needs 'refresh-update' and 'snapshot'");
}

json_t *
vm_place_request(const VmPlace *place, const char *verb)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I}", "do", verb, "uri",
                     place->uri, "domain", place->domain, "snapshot", place->snapshot, "address",
                     place->address, "user", place->user, "keyFile", place->key_file, "hostKey",
                     place->host_key, "agent", place->agent, "readyMs",
                     (json_int_t)place->ready_s * 1000);
}

bool
vm_place_power_off(const VmPlace *place, Cancel *cancel, GError **error)
{
    g_autoptr(VmHelper) helper = vm_helper_start(error);

    return helper != NULL && vm_helper_ask(helper, vm_place_request(place, "off"), NULL, 0, OFF_MS,
                                           cancel, NULL, error);
}
