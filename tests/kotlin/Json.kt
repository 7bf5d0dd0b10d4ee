package org.json

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.double
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** What is used of Android's JSON. */
class JSONObject internal constructor(private val content: JsonObject) {
    constructor(text: String) : this(Json.parseToJsonElement(text).jsonObject)

    fun has(name: String) = name in content

    fun getString(name: String) = content.getValue(name).jsonPrimitive.content

    fun getInt(name: String) = content.getValue(name).jsonPrimitive.int

    fun getDouble(name: String) = content.getValue(name).jsonPrimitive.double

    fun getJSONObject(name: String) = JSONObject(content.getValue(name).jsonObject)

    fun getJSONArray(name: String) = JSONArray(content.getValue(name).jsonArray)

    fun optJSONArray(name: String) = content[name]?.let { JSONArray(it.jsonArray) }
}

class JSONArray internal constructor(private val content: JsonArray) {
    fun length() = content.size

    fun getInt(index: Int) = content[index].jsonPrimitive.int

    fun getJSONObject(index: Int) = JSONObject(content[index].jsonObject)
}
